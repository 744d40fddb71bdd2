// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The suite on several connectors: conformance_main PROCESSES mixed|twin|spill [fault].
//   mixed: small objects in shared memory, large ones in files       spill: the same, by an arena that is
//   soon full twin:  all in shared memory, and in files in the background
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <farhold/fault.hpp>
#include <farhold/file.hpp>
#include <farhold/multi.hpp>
#include <farhold/shm.hpp>

#include "conformance/forked_group.hpp"

namespace {

/// The suite hands compact tokens round, which say nothing of their producers: all are introduced to all.
void introduce_all(farhold::conformance::process_group& group, farhold::connector& mine) {
  const auto uri = std::as_bytes(std::span(mine.uri()));
  for (int root = 0; root < group.size(); ++root) {
    const std::vector<std::byte> told = group.broadcast({uri.begin(), uri.end()}, root);
    if (root != group.rank()) mine.introduce({reinterpret_cast<const char*>(told.data()), told.size()});
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace farhold::conformance;
  const int size = argc > 2 ? std::atoi(argv[1]) : 0;
  const std::string_view variant = argc > 2 ? argv[2] : "";
  std::string scratch = (std::filesystem::temp_directory_path() / "fh-XXXXXX").string();
  if (size < 1 || ::mkdtemp(scratch.data()) == nullptr) {
    std::fprintf(stderr, "usage: %s PROCESSES mixed|twin|spill [fault]\n", argv[0]);
    return EXIT_FAILURE;
  }
  const bool faulty = argc > 3 && std::string_view(argv[3]) == "fault";
  backend tested;
  tested.name = "multi." + std::string(variant) + ".np" + std::to_string(size);
  tested.way = farhold::path::mapped;
  tested.lacks[feature::exact_capacity] = "what does not fit into the arena goes into files";
  if (variant != "twin") {
    tested.lacks[feature::expected_path] = "objects are in more than one place";
    tested.lacks[feature::one_counter] = "of arenas producers count, of files who ends them";
  }
  const auto connect = [&](process_group& group) {
    using namespace farhold;
    multi::options how;
    if (variant == "twin") how.twin = 1;
    multi::policy first;
    if (variant == "mixed") first.max_bytes = 1500;
    const std::size_t arena_bytes = variant == "spill" ? 1U << 16U : 64U << 20U;
    const std::size_t limit = variant == "twin" ? 256U << 20U : 0;
    auto made = multi::connector(
        how, multi::part{shm::connector({.arena_bytes = arena_bytes, .arena_limit_bytes = limit}), first},
        multi::part{file::connector({.directory = scratch, .durable = false})});
    introduce_all(group, *made);
    return faulty ? fault::connector(std::move(made), {}) : std::move(made);
  };
  const int result = run_forked(size, [&](process_group& group) {
    tested.connect = [&](std::uint64_t) { return connect(group); };
    return run(argc, argv, group, tested);
  });
  std::filesystem::remove_all(scratch);
  return result;
}
