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

/// Without faults in the fabric: shm has none that could be decorated.
inline std::unique_ptr<farhold::connector> connector(const configuration& c, const wire& /*over*/,
                                                     const decorator& /*around*/) {
  return shm::connector(
      {.arena_bytes = arena_bytes, .same_host = c.same_host, .validation = c.validation, .grace = c.grace});
}

inline std::vector<use> all_uses() {
  std::vector<use> all;
  for (const auto grace : {100ms, 1ms, 0ms}) {
    for (const configuration& c : nearby(grace)) {
      all.push_back({c, {}});
      if (c.way != path::service) all.push_back({c.with(trouble::faults), {}});
    }
  }
  return all;
}

}  // namespace farhold::stress
