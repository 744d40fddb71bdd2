// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdlib>

namespace farhold::conformance {

/// A limit for hangs, not for speed: `usual`, and as many times longer as FARHOLD_TEST_SLOWNESS says that
/// this machine is slower than most, for example one that is emulated. Reads the environment.
inline std::chrono::seconds patient(std::chrono::seconds usual) {
  const char* const told = std::getenv("FARHOLD_TEST_SLOWNESS");
  const long slower = told != nullptr ? std::strtol(told, nullptr, 10) : 1;
  return usual * (slower >= 1 && slower <= 1000 ? slower : 1);
}

}  // namespace farhold::conformance
