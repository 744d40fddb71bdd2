// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: temporary bound to local reference.*-Wdangling
// flags: -Werror=dangling -Werror=return-stack-address
#include "support.hpp"

namespace dangling_conversion {

double right(store& s) {
  const auto p = s.proxy(doubles{1});
  const doubles& xs = p;
  return xs.front();
}
#ifdef FARHOLD_WRONG
double wrong(store& s) {
  const doubles& xs = s.proxy(doubles{1});
  return xs.front();
}
#endif

}  // namespace dangling_conversion
