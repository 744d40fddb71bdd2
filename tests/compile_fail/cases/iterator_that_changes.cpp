// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (assignment of read-only location|cannot assign to return value)
#include "support.hpp"

namespace iterator_that_changes {

double right(const proxy<doubles>& p) { return *p.begin(); }
#ifdef FARHOLD_WRONG
void wrong(proxy<doubles>& p) { *p.begin() = 1; }
#endif

}  // namespace iterator_that_changes
