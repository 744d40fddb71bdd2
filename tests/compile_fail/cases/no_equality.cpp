// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (no match for 'operator=='|invalid operands).*proxy<no_equality::without>
#include "support.hpp"

namespace no_equality {

struct with {
  bool operator==(const with&) const = default;
};
struct without {};

bool right(const proxy<with>& p) { return p == p; }
#ifdef FARHOLD_WRONG
bool wrong(const proxy<without>& p) { return p == p; }
#endif

}  // namespace no_equality
