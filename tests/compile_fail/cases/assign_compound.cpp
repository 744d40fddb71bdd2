// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no (match for 'operator|viable overloaded ')\+=
#include "support.hpp"

namespace assign_compound {

int right(const proxy<int>& p) { return p + 1; }
#ifdef FARHOLD_WRONG
void wrong(proxy<int>& p) { p += 1; }
#endif

}  // namespace assign_compound
