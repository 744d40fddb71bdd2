// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a pointer means nothing in another process
#include "support.hpp"

namespace proxy_of_pointer {

proxy<std::unique_ptr<int>> right;
#ifdef FARHOLD_WRONG
proxy<int*> wrong;
#endif

}  // namespace proxy_of_pointer
