// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is, or holds, a pointer, which means nothing in another process; store what it points to
#include "support.hpp"

namespace store_pointers {

void right(store& s) { s.put(std::vector<int>()); }
#ifdef FARHOLD_WRONG
void wrong(store& s) { s.put(std::vector<int*>()); }
#endif

}  // namespace store_pointers
