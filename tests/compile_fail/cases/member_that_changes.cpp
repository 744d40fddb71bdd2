// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (argument discards qualifiers|no matching member function for call to 'push_back')
#include "support.hpp"

namespace member_that_changes {

std::size_t right(const proxy<doubles>& p) { return p->size(); }
#ifdef FARHOLD_WRONG
void wrong(const proxy<doubles>& p) { p->push_back(1); }
#endif

}  // namespace member_that_changes
