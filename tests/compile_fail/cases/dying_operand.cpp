// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted (function|operator).*\+
#include "support.hpp"

namespace dying_operand {

int right(store& s) { return *s.proxy(1) + 1; }
#ifdef FARHOLD_WRONG
int wrong(store& s) { return s.proxy(1) + 1; }
#endif

}  // namespace dying_operand
