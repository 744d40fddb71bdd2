// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: deleted (function|default constructor).*unordered_set
#include "support.hpp"

namespace no_hash {

std::unordered_set<proxy<std::string>> right;
#ifdef FARHOLD_WRONG
std::unordered_set<proxy<doubles>> wrong;
#endif

}  // namespace no_hash
