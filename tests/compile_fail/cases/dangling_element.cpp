// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: stack memory associated with local variable 'p' returned
// flags: -Werror=dangling -Werror=return-stack-address
#include "support.hpp"

namespace dangling_element {

double right(store& s) {
  const auto p = s.proxy(doubles{1});
  return p[0];
}
#ifdef FARHOLD_WRONG
const double& wrong(store& s) {
  const auto p = s.proxy(doubles{1});
  return p[0];
}
#endif

}  // namespace dangling_element
