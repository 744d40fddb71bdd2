// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted function
#include "support.hpp"

namespace truth_in_disjunction {

bool right(const proxy<int>& p, const proxy<int>& q) { return *p != 0 || *q != 0; }
#ifdef FARHOLD_WRONG
bool wrong(const proxy<int>& p, const proxy<int>& q) { return p || q; }
#endif

}  // namespace truth_in_disjunction
