// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: E is a trivially copyable type without const
#include "support.hpp"

namespace array_of_strings {

farhold::array<double> right;
#ifdef FARHOLD_WRONG
farhold::array<std::string> wrong;
#endif

}  // namespace array_of_strings
