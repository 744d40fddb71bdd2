// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <farhold/ofi.hpp>

#include "stress/staleness.hpp"

namespace farhold::stress {

inline constexpr const char* fabric = "ofi";

/// Who brings the bytes: a provider of libfabric, or with "off" the producer, by messages.
struct wire {
  const char* name;
  const char* provider;
};
struct use {
  configuration how;
  wire over;
};

inline std::unique_ptr<farhold::connector> connector(const configuration& c, const wire& over,
                                                     decorator around) {
  return ofi::connector({.arena_bytes = arena_bytes,
                         .provider = over.provider,
                         .same_host = c.same_host,
                         .validation = c.validation,
                         .grace = c.grace,
                         .decorate = std::move(around)});
}

inline std::vector<use> all_uses() {
  const wire sockets{"sockets", "off"}, tcp{"tcp", "tcp"};
  constexpr auto off = same_host::off;
  std::vector<use> all;
  for (const auto grace : {100ms, 1ms, 0ms}) {
    all.push_back({{"service", path::service, off, grace}, sockets});
    all.push_back({{"window", path::window, off, grace, validation::recheck}, tcp});
    all.push_back({{"window, fast", path::window, off, grace, validation::fast}, tcp});
  }
  all.push_back({configuration{"service", path::service, off, 1ms}.with(trouble::faults), sockets});
  for (const auto how : {validation::recheck, validation::fast})
    all.push_back({configuration{"window", path::window, off, 1ms, how}.with(trouble::faults), tcp});
  return all;
}

}  // namespace farhold::stress
