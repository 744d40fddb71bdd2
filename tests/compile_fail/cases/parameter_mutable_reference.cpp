// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (invalid user-defined conversion .* to 'doubles&'|no matching function for call to 'changes')
#include "support.hpp"

namespace parameter_mutable_reference {

double takes(const doubles& xs);
double changes(doubles& xs);

double right(const proxy<doubles>& p) { return takes(p); }
#ifdef FARHOLD_WRONG
double wrong(const proxy<doubles>& p) { return changes(p); }
#endif

}  // namespace parameter_mutable_reference
