// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include <farhold/ucx.hpp>

#include "stress/staleness.hpp"

namespace farhold::stress {

inline constexpr const char* fabric = "ucx";

/// What UCX may use.
struct wire {
  const char* name;
  std::vector<std::array<const char*, 2>> settings;
};
struct use {
  configuration how;
  wire over;
};

inline std::unique_ptr<farhold::connector> connector(const configuration& c, const wire& over,
                                                     decorator around) {
  for (const auto& [name, value] : over.settings) ::setenv(name, value, 1);
  return ucx::connector({.arena_bytes = arena_bytes,
                         .same_host = c.same_host,
                         .validation = c.validation,
                         .grace = c.grace,
                         .decorate = std::move(around)});
}

/// By messages over tcp and over UCX's shared memory, and by what a token of UCX's leads to on one host.
inline std::vector<use> all_uses() {
  const wire tcp{"tcp", {{"UCX_TLS", "tcp,self"}}};
  const wire memory{"memory",
                    {{"UCX_TLS", "posix,sysv,cma,self"},
                     {"UCX_POSIX_ERROR_HANDLING", "y"},
                     {"UCX_SYSV_ERROR_HANDLING", "y"}}};
  std::vector<use> all;
  for (const wire& over : {tcp, memory}) {
    for (const auto grace : {100ms, 1ms, 0ms})
      all.push_back({{"service", path::service, same_host::off, grace}, over});
    all.push_back({configuration{"service", path::service, same_host::off, 1ms}.with(trouble::faults), over});
  }
  all.push_back({{"cma", path::cma, same_host::cma, 1ms}, tcp});
  return all;
}

}  // namespace farhold::stress
