// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: others read the same memory, so a view is read-only; use std::span<const E>
#include "support.hpp"

namespace proxy_of_stored_span {

proxy<std::span<const double>> right(store& s, const doubles& xs) { return s.proxy(std::span(xs)); }
#ifdef FARHOLD_WRONG
auto wrong(store& s, doubles& xs) { return s.proxy(std::span(xs)); }
#endif

}  // namespace proxy_of_stored_span
