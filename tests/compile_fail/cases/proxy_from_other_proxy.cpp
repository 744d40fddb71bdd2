// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (could not convert|no viable conversion).*proxy<int>.*proxy<long
#include "support.hpp"

namespace proxy_from_other_proxy {

proxy<long> right(const proxy<long>& p) { return p; }
#ifdef FARHOLD_WRONG
proxy<long> wrong(const proxy<int>& p) { return p; }
#endif

}  // namespace proxy_from_other_proxy
