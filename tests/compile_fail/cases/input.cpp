// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted (function|operator).*>>
#include "support.hpp"

namespace input {

void right(std::istream& in, int& value) { in >> value; }
#ifdef FARHOLD_WRONG
void wrong(std::istream& in, proxy<int>& p) { in >> p; }
#endif

}  // namespace input
