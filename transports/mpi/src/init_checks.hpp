// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <farhold/error.hpp>

namespace farhold::mpi::detail {

/// True between MPI_Init and MPI_Finalize: the only time other MPI calls are allowed.
bool mpi_is_alive() noexcept;

/// What `check_mpi_ready` throws, as a status.
status mpi_readiness() noexcept;

/// Throws what is missing before a transport can be made, and the cure: MPI not yet initialized, already
/// finalized (both `invalid_argument`), or without MPI_THREAD_MULTIPLE (`unsupported`).
///
/// Whoever has peers must not throw the last one on its own but bring it to `mpi_transport::open`, so that
/// all ranks fail; `open` looks for itself too.
void check_mpi_ready();

}  // namespace farhold::mpi::detail
