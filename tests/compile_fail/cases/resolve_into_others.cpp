// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: resolve_into takes contiguous, writable memory of the elements
#include "support.hpp"

namespace resolve_into_others {

void right(const proxy<doubles>& p, std::span<double> xs) { p.resolve_into(xs); }
#ifdef FARHOLD_WRONG
void wrong(const proxy<doubles>& p, std::vector<float>& xs) { p.resolve_into(xs); }
#endif

}  // namespace resolve_into_others
