// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (assignment of read-only location|cannot assign to return value)
#include "support.hpp"

namespace assign_element {

double right(proxy<doubles>& p) { return p[0]; }
#ifdef FARHOLD_WRONG
void wrong(proxy<doubles>& p) { p[0] = 1; }
#endif

}  // namespace assign_element
