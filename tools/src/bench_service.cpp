// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "bench_service.hpp"

#include <array>
#include <span>

#include <unistd.h>

#include <farhold/error.hpp>

namespace farhold::tools {

namespace {

std::string own_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace

void check(const bench_offer& offered) {
  bool right = offered.objects.size() == std::size(bench_sizes) && offered.pid > 0 &&
               offered.memory_fd >= 0 && offered.port != 0 && !offered.host.empty() &&
               offered.host.size() < 256;
  for (std::size_t i = 0; right && i < offered.objects.size(); ++i) {
    right = offered.objects[i].valid() && offered.objects[i].size_bytes() == bench_sizes[i];
  }
  if (!right) throw error(errc::corrupt, "this token is not of farhold bench --serve");
}

bench_service::bench_service(const std::string& uri, bool far)
    : store_(store::open("farhold bench", uri, {.inline_bytes = 0})),
      memory_(bench_memory_bytes),
      stream_({reinterpret_cast<const std::byte*>(memory_.words()), bench_memory_bytes}, far) {
  bench_offer made;
  for (const std::uint64_t bytes : bench_sizes) {
    // An lvalue, so that it is copied into the arena: adopted memory would be read by another path.
    const array<bench::word> content(
        std::span<const bench::word>(memory_.words(), bytes / sizeof(bench::word)));
    const key object = store_.put(content);
    made.objects.push_back(store_.proxy_from_key<array<bench::word>>(object));
  }
  made.pid = memory_.about().pid;
  made.memory_fd = memory_.about().fd;
  made.memory_address = memory_.about().address;
  made.host = far ? own_name() : "127.0.0.1";
  made.port = stream_.port();
  made.secret = stream_.secret();
  token_ = store_.proxy(made).to_string();
}

}  // namespace farhold::tools
