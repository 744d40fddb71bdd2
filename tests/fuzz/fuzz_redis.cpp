// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a server answers. The input is all that it says, whatever it is asked, before it hangs up.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <farhold/redis.hpp>

#include "kept_landing.hpp"
#include "redis/src/connection.hpp"
#include "redis/src/transfer.hpp"

namespace {

using namespace farhold;

/// A socket with a name that ends with this process.
class listener {
 public:
  listener()
      : path_("/tmp/farhold_fuzz_redis." + std::to_string(::getpid())),
        fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.c_str(), path_.size() + 1);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 || ::listen(fd_, 1) != 0)
      std::abort();
  }
  ~listener() { ::unlink(path_.c_str()); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void answer(const std::uint8_t* data, std::size_t size) const {
    const int one = ::accept(fd_, nullptr, nullptr);
    static_cast<void>(::send(one, data, size, MSG_NOSIGNAL));
    ::shutdown(one, SHUT_WR);
    std::array<char, 4096> asked{};
    while (::recv(one, asked.data(), asked.size(), 0) > 0) {
    }
    ::close(one);
  }

 private:
  std::string path_;
  int fd_;
};

void converse(const redis::server& with, const redis::patience& caller) {
  std::unique_ptr<redis::connection> c;
  if (!redis::connection::open(with, {.user = "", .password = "", .database = 0}, caller, c).ok()) return;
  // An object of three pieces, as small as inputs are, then some of one, and then whatever is left.
  redis::object large;
  large.size_bytes = 20;
  large.chunk_bytes = 8;
  fuzz::kept_landing where;
  if (redis::load_large(*c, large, where, caller).ok() && where.bytes().size() != large.size_bytes)
    std::abort();
  redis::object small;
  small.size_bytes = 5;
  small.chunk_bytes = redis::least_chunk_bytes;
  for (int i = 0; i < 3 && !c->is_spoiled(); ++i)
    static_cast<void>(redis::load_one(*c, small, where, caller));
  std::int64_t number = 0;
  while (!c->is_spoiled() && c->read_number(number, caller).ok()) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const listener socket;
  static const redis::server with(redis::options{.unix_path = socket.path()});
  std::thread answers([&] { socket.answer(data, size); });
  converse(with, redis::patience({std::chrono::seconds(5), {}}));
  answers.join();
  return 0;
}
