// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (cannot convert .*proxy<int>|cannot initialize return object of type 'const int)
#include "support.hpp"

namespace address {

const int* right(const proxy<int>& p) { return &*p; }
#ifdef FARHOLD_WRONG
const int* wrong(const proxy<int>& p) { return &p; }
#endif

}  // namespace address
