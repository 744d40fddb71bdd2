// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <string>

#include "measure.hpp"

namespace farhold::bench {

/// What every benchmark can be told.
struct options {
  std::string json;    ///< lines are appended to this file; empty = none
  std::string filter;  ///< only comparisons whose name contains it
  bool quick = false;  ///< a few short rounds, to see that it runs; the figures say little
  settings timing;
};

/// Reads the command line into `out`. With a value: exit with it, after a message or help text, which only
/// the speaker of several processes prints.
[[nodiscard]] std::optional<int> read_command_line(int argc, const char* const* argv,
                                                   const std::string& purpose, bool speaker, options& out);

}  // namespace farhold::bench
