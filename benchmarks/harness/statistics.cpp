// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace farhold::bench {

double quantile(const std::vector<double>& sorted, double at) {
  if (sorted.empty()) throw std::invalid_argument("quantile: there are no values");
  const double place = at * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = place - static_cast<double>(below);
  return sorted[below] + share * (sorted[above] - sorted[below]);
}

spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, 0.10), quantile(values, 0.25), quantile(values, 0.50), quantile(values, 0.75),
          quantile(values, 0.90)};
}

}  // namespace farhold::bench
