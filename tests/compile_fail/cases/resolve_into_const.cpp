// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: resolve_into takes contiguous, writable memory
#include "support.hpp"

namespace resolve_into_const {

void right(const proxy<doubles>& p, doubles& xs) { p.resolve_into(xs); }
#ifdef FARHOLD_WRONG
void wrong(const proxy<doubles>& p, const doubles& xs) { p.resolve_into(xs); }
#endif

}  // namespace resolve_into_const
