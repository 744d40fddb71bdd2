// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted function
#include "support.hpp"

namespace truth_of_number {

bool right(const proxy<int>& p) { return *p != 0; }
#ifdef FARHOLD_WRONG
int wrong(const proxy<int>& p) {
  if (p) return 1;
  return 0;
}
#endif

}  // namespace truth_of_number
