// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is, or holds, a pointer, which means nothing in another process; store what it points to
#include "support.hpp"

namespace store_views {

void right(store& s, const std::vector<std::string>& words) { s.put(words); }
#ifdef FARHOLD_WRONG
void wrong(store& s, const std::vector<std::string_view>& words) { s.put(words); }
#endif

}  // namespace store_views
