// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <vector>

// Somebody's code. It knows nothing of farhold, and no way of passing data on changes it.

using field = std::vector<double>;

struct summary {
  std::size_t count = 0;
  double mean = 0;
  double largest = 0;
  friend bool operator==(const summary&, const summary&) = default;
};

field simulate(std::size_t steps);
summary analyse(const field& values);
