// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: stack memory associated with local variable 'p' returned
// flags: -Werror=dangling -Werror=return-stack-address
#include "support.hpp"

namespace dangling_star {

doubles right(store& s) {
  const auto p = s.proxy(doubles{1});
  return *p;
}
#ifdef FARHOLD_WRONG
const doubles& wrong(store& s) {
  const auto p = s.proxy(doubles{1});
  return *p;
}
#endif

}  // namespace dangling_star
