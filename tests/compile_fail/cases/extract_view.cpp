// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view taken out of its proxy would dangle, because the proxy holds the pin; keep the proxy
#include "support.hpp"

namespace extract_view {

doubles right(proxy<doubles> p) { return std::move(p).extract(); }
#ifdef FARHOLD_WRONG
auto wrong(proxy<std::span<const double>> p) { return std::move(p).extract(); }
#endif

}  // namespace extract_view
