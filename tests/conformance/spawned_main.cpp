// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "spawned_main.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "backend.hpp"
#include "patience.hpp"
#include "spawned_group.hpp"

namespace farhold::conformance {

namespace {

/// The suite hands compact tokens round, which say nothing of their producers: all are introduced to all.
void introduce_all(process_group& group, connector& mine) {
  const auto uri = std::as_bytes(std::span(mine.uri()));
  for (int root = 0; root < group.size(); ++root) {
    const std::vector<std::byte> told = group.broadcast({uri.begin(), uri.end()}, root);
    if (root != group.rank()) mine.introduce({reinterpret_cast<const char*>(told.data()), told.size()});
  }
}

}  // namespace

int run_spawned(int argc, char** argv, const spawned_fabric& fabric) try {
  const std::string wanted(spawned_group::argument(argc, argv, "path").value_or(""));
  backend tested;
  std::string known;
  for (const path way : fabric.paths) {
    if (to_string(way) == wanted) tested.way = way;
    known.append(known.empty() ? "" : "|").append(to_string(way));
  }
  if (tested.way == path::local) {
    std::fprintf(stderr, "usage: %s --np=N --path=%s\n", argv[0], known.c_str());
    return EXIT_FAILURE;
  }
  spawned_group group(argc, argv, patient(std::chrono::seconds(45)));
  tested.name = fabric.name + "." + wanted + ".np" + std::to_string(group.size());
  tested.connect = [&](std::uint64_t capacity_bytes) {
    auto made = fabric.connect(tested.way, capacity_bytes);
    introduce_all(group, *made);
    return made;
  };
  return run(argc, argv, group, tested);
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return EXIT_FAILURE;
}

}  // namespace farhold::conformance
