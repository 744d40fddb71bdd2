// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no (match for 'operator|viable overloaded ')='
#include "support.hpp"

namespace assign_value {

void right(proxy<doubles>& p, const proxy<doubles>& q) { p = q; }
#ifdef FARHOLD_WRONG
void wrong(proxy<doubles>& p, const doubles& xs) { p = xs; }
#endif

}  // namespace assign_value
