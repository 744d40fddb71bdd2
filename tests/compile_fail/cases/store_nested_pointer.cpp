// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is, or holds, a pointer, which means nothing in another process; store what it points to
#include "support.hpp"

namespace store_nested_pointer {

void right(store& s) { s.put(std::map<std::string, int>()); }
#ifdef FARHOLD_WRONG
void wrong(store& s) { s.put(std::map<std::string, const char*>()); }
#endif

}  // namespace store_nested_pointer
