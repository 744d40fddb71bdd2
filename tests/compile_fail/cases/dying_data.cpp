// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (use of|call to) deleted (member )?function.*data
#include "support.hpp"

namespace dying_data {

const double* right(const proxy<doubles>& p) { return p.data(); }
#ifdef FARHOLD_WRONG
const double* wrong(store& s) { return s.proxy(doubles{1}).data(); }
#endif

}  // namespace dying_data
