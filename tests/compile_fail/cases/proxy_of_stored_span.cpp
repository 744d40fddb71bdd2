// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view .* owns nothing that a proxy could resolve into; use a container
#include "support.hpp"

namespace proxy_of_stored_span {

proxy<doubles> right(store& s, const doubles& xs) { return s.proxy(xs); }
#ifdef FARHOLD_WRONG
auto wrong(store& s, const doubles& xs) { return s.proxy(std::span(xs)); }
#endif

}  // namespace proxy_of_stored_span
