// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: no matching function for call to 'visit
#include "support.hpp"

namespace visit {

inline constexpr auto twice = [](auto x) { return 2.0 * x; };

double right(const proxy<std::variant<int, double>>& p) { return std::visit(twice, *p); }
#ifdef FARHOLD_WRONG
double wrong(const proxy<std::variant<int, double>>& p) { return std::visit(twice, p); }
#endif

}  // namespace visit
