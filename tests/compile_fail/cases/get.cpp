// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no matching function for call to 'get
#include "support.hpp"

namespace get {

int right(const proxy<std::pair<int, int>>& p) { return std::get<0>(*p); }
#ifdef FARHOLD_WRONG
int wrong(const proxy<std::pair<int, int>>& p) { return std::get<0>(p); }
#endif

}  // namespace get
