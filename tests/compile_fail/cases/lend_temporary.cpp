// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a temporary would be gone before the loan; lend a variable or a span
#include "support.hpp"

namespace lend_temporary {

auto right(store& s, const doubles& xs) { return s.lend(xs); }
#ifdef FARHOLD_WRONG
auto wrong(store& s) { return s.lend(doubles(3)); }
#endif

}  // namespace lend_temporary
