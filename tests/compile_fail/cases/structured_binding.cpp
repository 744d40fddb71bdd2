// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (cannot decompose inaccessible member|proxy.*decomposes into 1 element)
#include "support.hpp"

namespace structured_binding {

int right(const proxy<std::pair<int, int>>& p) {
  const auto& [a, b] = *p;
  return a + b;
}
#ifdef FARHOLD_WRONG
int wrong(const proxy<std::pair<int, int>>& p) {
  const auto& [a, b] = p;
  return a + b;
}
#endif

}  // namespace structured_binding
