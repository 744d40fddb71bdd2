// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted function
#include "support.hpp"

namespace truth_of_container {

bool right(const proxy<doubles>& p) { return p.valid(); }
#ifdef FARHOLD_WRONG
int wrong(const proxy<doubles>& p) { return p ? 1 : 0; }
#endif

}  // namespace truth_of_container
