// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "applications.hpp"

namespace farhold::bench {

void insitu(stage& all) {
  all.not_built("insitu", "examples/gray_scott is not: the examples are off, or libpng is missing");
}

}  // namespace farhold::bench
