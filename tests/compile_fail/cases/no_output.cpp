// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (no match for 'operator<<'|invalid operands).*proxy<
#include "support.hpp"

namespace no_output {

void right(std::ostream& out, const proxy<std::string>& p) { out << p; }
#ifdef FARHOLD_WRONG
void wrong(std::ostream& out, const proxy<doubles>& p) { out << p; }
#endif

}  // namespace no_output
