// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (cannot bind rvalue reference|no matching function for call to 'steals')
#include "support.hpp"

namespace parameter_rvalue_reference {

double steals(doubles&& xs);

double right(proxy<doubles> p) { return steals(*std::move(p)); }
#ifdef FARHOLD_WRONG
double wrong(proxy<doubles> p) { return steals(std::move(p)); }
#endif

}  // namespace parameter_rvalue_reference
