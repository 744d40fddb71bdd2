// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted function
#include "support.hpp"

namespace truth_of_string {

bool right(const proxy<std::string>& p) { return p.empty(); }
#ifdef FARHOLD_WRONG
bool wrong(const proxy<std::string>& p) { return !p; }
#endif

}  // namespace truth_of_string
