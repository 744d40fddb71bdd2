// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: temporary whose address is used.*-Wdangling
// flags: -Werror=dangling -Werror=return-stack-address
#include "support.hpp"

namespace dangling_arrow {

double right(store& s) { return s.proxy(doubles{1})->front(); }
#ifdef FARHOLD_WRONG
double wrong(store& s) {
  const doubles* xs = s.proxy(doubles{1}).operator->();
  return xs->front();
}
#endif

}  // namespace dangling_arrow
