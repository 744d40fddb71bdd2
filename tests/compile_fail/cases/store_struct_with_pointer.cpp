// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: T is, or holds, a pointer, which means nothing in another process; store what it points to
#include "support.hpp"

namespace store_struct_with_pointer {

struct field {
  std::size_t count;
  double* values;
};

void right(store& s, const field& f) { s.put(std::span(f.values, f.count)); }
#ifdef FARHOLD_WRONG
void wrong(store& s, const field& f) { s.put(f); }
#endif

}  // namespace store_struct_with_pointer
