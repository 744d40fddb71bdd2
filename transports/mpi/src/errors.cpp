// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace farhold::mpi::detail {
namespace {

// Classes that name an argument say that farhold, or the caller through it, passed nonsense; they do not say
// that the fabric is broken. MPI_ERR_WIN is not among them: Open MPI answers so when it has no way to make a
// window over the network at hand.
constexpr std::array table{
    error_row{MPI_SUCCESS, errc::ok},
    error_row{MPI_ERR_BUFFER, errc::invalid_argument},
    error_row{MPI_ERR_COUNT, errc::invalid_argument},
    error_row{MPI_ERR_TYPE, errc::invalid_argument},
    error_row{MPI_ERR_TAG, errc::invalid_argument},
    error_row{MPI_ERR_COMM, errc::invalid_argument},
    error_row{MPI_ERR_RANK, errc::invalid_argument},
    error_row{MPI_ERR_ROOT, errc::invalid_argument},
    error_row{MPI_ERR_ARG, errc::invalid_argument},
    error_row{MPI_ERR_BASE, errc::invalid_argument},
    error_row{MPI_ERR_SIZE, errc::invalid_argument},
    error_row{MPI_ERR_DISP, errc::invalid_argument},
    error_row{MPI_ERR_RMA_RANGE, errc::invalid_argument},
    error_row{MPI_ERR_TRUNCATE, errc::corrupt},
    error_row{MPI_ERR_ACCESS, errc::permission},
    error_row{MPI_ERR_NO_MEM, errc::out_of_memory},
    error_row{MPI_ERR_NO_SPACE, errc::out_of_memory},
    error_row{MPI_ERR_QUOTA, errc::out_of_memory},
    error_row{MPI_ERR_RMA_ATTACH, errc::out_of_memory},
    error_row{MPI_ERR_UNSUPPORTED_OPERATION, errc::unsupported},
    error_row{MPI_ERR_RMA_FLAVOR, errc::unsupported},
    error_row{MPI_ERR_RMA_SHARED, errc::unsupported},
#ifdef MPIX_ERR_PROC_FAILED
    error_row{MPIX_ERR_PROC_FAILED, errc::producer_lost},
#endif
#ifdef MPIX_ERR_REVOKED
    error_row{MPIX_ERR_REVOKED, errc::closed},
#endif
};

}  // namespace

std::span<const error_row> error_table() noexcept { return table; }

errc to_errc(int error_class) noexcept {
  const auto* row = std::ranges::find(table, error_class, &error_row::error_class);
  return row == table.end() ? errc::transport_failure : row->meaning;
}

status from_mpi(int code, const char* where) noexcept {
  if (code == MPI_SUCCESS) return {};
  int error_class = MPI_ERR_UNKNOWN;
  if (MPI_Error_class(code, &error_class) != MPI_SUCCESS) error_class = MPI_ERR_UNKNOWN;
  return {to_errc(error_class), error_class, where};
}

std::string describe(int code) {
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace farhold::mpi::detail
