// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// gcc-error: format '%d' expects argument of type 'int', but argument 2 has type .*proxy<int>
// clang-error: cannot pass (object of )?non-trivial
// flags: -Werror=format
#include "support.hpp"

namespace varargs {

[[gnu::format(printf, 1, 2)]] int print(const char* format, ...);

int right(const proxy<int>& p) { return print("%d", *p); }
#ifdef FARHOLD_WRONG
int wrong(const proxy<int>& p) { return print("%d", p); }
#endif

}  // namespace varargs
