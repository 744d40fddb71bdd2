// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <string_view>

namespace farhold::mpi::detail {

/// Open MPI before 5.0 names the file through which ranks of one node set up a window by the communicator's
/// context id, which is unique only within a process: two communicators of one job that share a node and no
/// process often have the same one. Windows made on both at the same time then read each other's memory, or
/// fail (open-mpi/ompi#9492, seen with 4.1.4).
///
/// True if `comm` leaves out ranks of this job on this node, so that it may happen. Collective: it finds out
/// who shares the node.
bool windows_may_collide(MPI_Comm comm) noexcept;

/// Whether MPI_Get_library_version tells of an Open MPI older than 5.
bool is_open_mpi_before_5(std::string_view library_version) noexcept;

}  // namespace farhold::mpi::detail
