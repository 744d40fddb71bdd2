// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view .* owns nothing that a proxy could resolve into; use a container
#include "support.hpp"

namespace proxy_of_fixed_span {

proxy<std::span<const double>> right;
#ifdef FARHOLD_WRONG
proxy<std::span<const double, 3>> wrong;
#endif

}  // namespace proxy_of_fixed_span
