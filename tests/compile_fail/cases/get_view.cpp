// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view owns nothing that could be resolved into
#include "support.hpp"

namespace get_view {

std::string right(store& s, const key& k) { return s.get<std::string>(k); }
#ifdef FARHOLD_WRONG
auto wrong(store& s, const key& k) { return s.get<std::string_view>(k); }
#endif

}  // namespace get_view
