// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no matching function for call to 'deduces
#include "support.hpp"

namespace deducing_template {

template <class E>
E deduces(const std::vector<E>& xs) {
  return xs.front();
}

double right(const proxy<doubles>& p) { return deduces(*p); }
#ifdef FARHOLD_WRONG
double wrong(const proxy<doubles>& p) { return deduces(p); }
#endif

}  // namespace deducing_template
