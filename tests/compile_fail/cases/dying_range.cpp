// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (use of|call to) deleted (member )?function.*begin
#include "support.hpp"

namespace dying_range {

double right(store& s) {
  double sum = 0;
  for (const double x : s.proxy(doubles{1})) sum += x;
  return sum;
}
#ifdef FARHOLD_WRONG
auto wrong(store& s) { return s.proxy(doubles{1}).begin(); }
#endif

}  // namespace dying_range
