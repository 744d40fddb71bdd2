// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: others read the same memory, so a view is read-only; use std::span<const E>
#include "support.hpp"

namespace proxy_of_span {

proxy<std::span<const double>> right;
#ifdef FARHOLD_WRONG
proxy<std::span<double>> wrong;
#endif

}  // namespace proxy_of_span
