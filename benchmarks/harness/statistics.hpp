// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <vector>

namespace farhold::bench {

/// The value below which the share `at` of `sorted` lies, interpolated between neighbours: the definition 7
/// of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50,
/// 1996. `sorted` is ascending and not empty; `at` is in [0, 1].
[[nodiscard]] double quantile(const std::vector<double>& sorted, double at);

/// A median and how far the values lie around it.
struct spread {
  double p10 = 0, p25 = 0, median = 0, p75 = 0, p90 = 0;
};

/// Of values in any order, at least one.
[[nodiscard]] spread spread_of(std::vector<double> values);

}  // namespace farhold::bench
