// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is, or holds, a pointer, which means nothing in another process; store what it points to
#include "support.hpp"

namespace store_iterator {

void right(store& s, const doubles& xs) { s.put(xs.front()); }
#ifdef FARHOLD_WRONG
void wrong(store& s, const doubles& xs) { s.put(xs.begin()); }
#endif

}  // namespace store_iterator
