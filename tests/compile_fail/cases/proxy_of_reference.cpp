// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is an object type without const; a proxy is read-only by itself
#include "support.hpp"

namespace proxy_of_reference {

proxy<doubles> right;
#ifdef FARHOLD_WRONG
proxy<doubles&> wrong;
#endif

}  // namespace proxy_of_reference
