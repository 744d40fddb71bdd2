// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "measure.hpp"

namespace farhold::bench {

/// What every benchmark can be told.
struct options {
  std::string json;           ///< lines are appended to this file; empty = none
  std::string filter;         ///< only comparisons whose name contains it
  bool quick = false;         ///< a few short rounds, to see that it runs; the figures say little
  std::uint64_t largest = 0;  ///< of the objects, in bytes; 0: as the program sees fit
  settings timing;
};

/// Reads the command line into `out`. With a value: exit with it, after a message or help text, which only
/// the speaker of several processes prints. `by_size`: the program knows a largest size.
[[nodiscard]] std::optional<int> read_command_line(int argc, const char* const* argv,
                                                   const std::string& purpose, bool speaker, options& out,
                                                   bool by_size = false);

}  // namespace farhold::bench
