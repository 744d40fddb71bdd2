// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is a proxy already
#include "support.hpp"

namespace proxy_of_proxy {

std::vector<proxy<int>> right;
#ifdef FARHOLD_WRONG
proxy<proxy<int>> wrong;
#endif

}  // namespace proxy_of_proxy
