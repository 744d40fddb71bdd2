// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (no 'operator--\(int\)' declared|cannot decrement value of type 'proxy<int>')
#include "support.hpp"

namespace decrement {

int right(const proxy<int>& p) { return *p - 1; }
#ifdef FARHOLD_WRONG
void wrong(proxy<int>& p) { p--; }
#endif

}  // namespace decrement
