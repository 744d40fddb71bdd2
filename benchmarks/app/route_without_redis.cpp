// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "route.hpp"

namespace farhold::bench {

std::unique_ptr<route> by_redis(const stage&) { return nullptr; }

}  // namespace farhold::bench
