// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view taken out of its proxy would dangle, because the proxy holds the pin; keep the proxy
#include "support.hpp"

namespace dying_view {

double right(const proxy<std::span<const double>>& p) { return (*p)[0]; }
#ifdef FARHOLD_WRONG
double wrong() { return (*proxy<std::span<const double>>())[0]; }
#endif

}  // namespace dying_view
