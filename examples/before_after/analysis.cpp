// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "analysis.hpp"

#include <algorithm>
#include <numeric>

field simulate(std::size_t steps) {
  field values(steps);
  double x = 0.3;
  for (double& value : values) value = x = 3.9 * x * (1 - x);  // the logistic map
  return values;
}

summary analyse(const field& values) {
  if (values.empty()) return {};
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {values.size(), sum / static_cast<double>(values.size()),
          *std::max_element(values.begin(), values.end())};
}
