// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/metrics.hpp>

namespace farhold::conformance {

/// How the suite runs over a fabric whose processes have not met before they open their stores.
struct spawned_fabric {
  std::string name;         ///< "shm", before path and size in the names of tests
  std::vector<path> paths;  ///< those that `connect` can force
  std::function<std::unique_ptr<connector>(path way, std::uint64_t capacity_bytes)> connect;
};

/// What a main returns that is called with --np=N --path=WAY: starts the other processes, makes all stores
/// known to all, and runs the suite.
int run_spawned(int argc, char** argv, const spawned_fabric& fabric);

}  // namespace farhold::conformance
