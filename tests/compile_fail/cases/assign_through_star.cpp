// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (passing 'const .* as 'this' argument discards qualifiers|no viable overloaded '=')
#include "support.hpp"

namespace assign_through_star {

doubles right(proxy<doubles>& p) { return *p; }
#ifdef FARHOLD_WRONG
void wrong(proxy<doubles>& p, const doubles& xs) { *p = xs; }
#endif

}  // namespace assign_through_star
