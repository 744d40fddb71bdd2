// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no (match for 'operator|viable overloaded ')\+=
#include "support.hpp"

namespace assign_compound_string {

std::string right(const proxy<std::string>& p) { return p + "!"; }
#ifdef FARHOLD_WRONG
void wrong(proxy<std::string>& p) { p += "!"; }
#endif

}  // namespace assign_compound_string
