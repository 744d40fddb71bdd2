// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "link.hpp"

namespace farhold::bench {

/// The store that an order asks for. Collective.
[[nodiscard]] inline store store_of(const request& what) {
  return {"rma",
          mpi::connector(MPI_COMM_WORLD,
                         {.arena_bytes = what.bytes, .same_host = what.host, .validation = what.validation}),
          {.inline_bytes = 0}};
}

}  // namespace farhold::bench
