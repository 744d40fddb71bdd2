// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: F can be copied, and returns an object by value
#include "support.hpp"

namespace register_reference {

struct by_value {
  int operator()() const { return 1; }
};
struct by_reference {
  int& operator()() const;
};

void right() { farhold::register_factory<by_value>("by_value/1"); }
#ifdef FARHOLD_WRONG
void wrong() { farhold::register_factory<by_reference>("by_reference/1"); }
#endif

}  // namespace register_reference
