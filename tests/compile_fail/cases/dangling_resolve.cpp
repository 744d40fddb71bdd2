// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: temporary bound to local reference.*-Wdangling
// flags: -Werror=dangling -Werror=return-stack-address
#include "support.hpp"

namespace dangling_resolve {

double right(store& s) { return s.proxy(doubles{1}).resolve().front(); }
#ifdef FARHOLD_WRONG
double wrong(store& s) {
  const doubles& xs = s.proxy(doubles{1}).resolve();
  return xs.front();
}
#endif

}  // namespace dangling_resolve
