// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (no match for 'operator\+\+'|cannot increment value of type 'proxy<int>')
#include "support.hpp"

namespace increment {

int right(const proxy<int>& p) { return *p + 1; }
#ifdef FARHOLD_WRONG
void wrong(proxy<int>& p) { ++p; }
#endif

}  // namespace increment
