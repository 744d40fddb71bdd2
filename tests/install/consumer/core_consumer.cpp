// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

namespace {

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

int main() {
  farhold::store store("consumer", farhold::local::connector());
  const std::string token = store.proxy(std::vector<double>(1000, 0.5)).to_string();
  const auto field = farhold::proxy<std::vector<double>>::from_string(token);
  const double result = sum(field);
  store.close();
  std::printf("sum %.1f\n", result);
  return result == 500.0 ? 0 : 1;
}
