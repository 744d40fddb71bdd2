// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: use std::array or std::vector in place of an array
#include "support.hpp"

namespace proxy_of_sized_array {

proxy<std::array<double, 3>> right;
#ifdef FARHOLD_WRONG
proxy<double[3]> wrong;
#endif

}  // namespace proxy_of_sized_array
