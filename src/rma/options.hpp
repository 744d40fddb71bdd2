// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <farhold/rma.hpp>

#include "clock.hpp"

namespace farhold::rma {

/// What a one-sided connector is made of, besides its transport.
struct options {
  std::uint64_t arena_bytes = std::uint64_t{64} << 20U;
  /// Up to which further arenas are made, of all together; not above `arena_bytes`: there is one.
  std::uint64_t arena_limit_bytes = 0;
  farhold::same_host same_host = same_host::automatic;
  bool progress_thread = true;
  farhold::validation validation = validation::automatic;
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  ///< of opening
  std::string uri;
  clock time;
};

}  // namespace farhold::rma
