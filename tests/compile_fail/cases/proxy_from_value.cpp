// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (could not convert|no viable conversion).*proxy<
#include "support.hpp"

namespace proxy_from_value {

proxy<doubles> right(store& s, const doubles& xs) { return s.proxy(xs); }
#ifdef FARHOLD_WRONG
proxy<doubles> wrong(const doubles& xs) { return xs; }
#endif

}  // namespace proxy_from_value
