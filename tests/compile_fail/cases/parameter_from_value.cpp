// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (invalid initialization of reference|no matching function for call to 'takes')
#include "support.hpp"

namespace parameter_from_value {

void takes(const proxy<doubles>& p);

void right(store& s, const doubles& xs) { takes(s.proxy(xs)); }
#ifdef FARHOLD_WRONG
void wrong(const doubles& xs) { takes(xs); }
#endif

}  // namespace parameter_from_value
