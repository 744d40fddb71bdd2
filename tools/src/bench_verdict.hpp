// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <farhold/metrics.hpp>

#include "measure.hpp"

namespace farhold::tools {

/// One size, measured.
struct bench_row {
  std::uint64_t bytes = 0;
  bench::measured raw = {};  ///< no name: there was nothing to compare with
  bench::measured farhold = {};
};

struct bench_circumstances {
  path taken = path::local;
  double load = 0;  ///< processes that were running before
  unsigned processors = 1;
};

/// The table's first line.
std::string bench_heading();
/// The table's line of one size.
std::string bench_line(const bench_row& row);

/// What is wrong, in sentences; or one which says that nothing is.
std::vector<std::string> judged(const std::vector<bench_row>& rows, const bench_circumstances& under);

}  // namespace farhold::tools
