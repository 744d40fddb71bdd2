// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <vector>

#include <farhold/shm.hpp>

#include "stress/staleness.hpp"

namespace farhold::stress {

inline constexpr const char* fabric = "shm";

/// There is one way only to talk: a unix socket.
struct wire {
  const char* name = "shm";
};
struct use {
  configuration how;
  wire over;
};

/// Without faults: they are done to transports of networks, and shm has none that could be decorated.
inline std::unique_ptr<farhold::connector> connector(const configuration& c, const wire& /*over*/,
                                                     const decorator& /*around*/) {
  return shm::connector(
      {.arena_bytes = arena_bytes, .same_host = c.same_host, .validation = c.validation, .grace = c.grace});
}

inline std::vector<use> all_uses() {
  std::vector<use> all;
  for (const auto grace : {100ms, 1ms, 0ms}) {
    all.push_back({{"mapped", path::mapped, same_host::automatic, grace}, {}});
    all.push_back(
        {{"mapped, views", path::mapped, same_host::automatic, grace, validation::automatic, true}, {}});
    all.push_back({{"cma", path::cma, same_host::cma, grace}, {}});
    all.push_back({{"cma, fast", path::cma, same_host::cma, grace, validation::fast}, {}});
    all.push_back({{"service", path::service, same_host::off, grace}, {}});
  }
  return all;
}

}  // namespace farhold::stress
