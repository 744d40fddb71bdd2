// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>
#include <string>

#include <farhold/error.hpp>

namespace farhold::mpi::detail {

/// One line of the table from MPI error classes to farhold's codes. A class without a line is
/// `transport_failure`.
struct error_row {
  int error_class;
  errc meaning;
};

std::span<const error_row> error_table() noexcept;

errc to_errc(int error_class) noexcept;

/// The status of an MPI call. `native` is the error *class*: under MPICH a code is an index into a ring of
/// recent errors and means nothing later, a class means the same for ever.
status from_mpi(int code, const char* where) noexcept;

/// What MPI says about a code; works for classes too.
std::string describe(int code);

}  // namespace farhold::mpi::detail
