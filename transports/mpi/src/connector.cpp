// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/mpi.hpp>

#include "init_checks.hpp"
#include "mpi_transport.hpp"
#include "rma/connector.hpp"

namespace farhold::mpi {

std::unique_ptr<farhold::connector> connector(MPI_Comm comm, const options& how) {
  // Without MPI there is nobody to agree with; a rank with the wrong thread level is agreed upon in open.
  if (!detail::mpi_is_alive()) detail::check_mpi_ready();
  auto fabric =
      std::make_unique<detail::mpi_transport>(comm, detail::transport_options{.window = how.window});
  try {
    return rma::make_connector(std::move(fabric), {.arena_bytes = how.arena_bytes,
                                                   .same_host = how.same_host,
                                                   .progress_thread = how.progress_thread,
                                                   .validation = how.validation,
                                                   .grace = how.grace,
                                                   .timeout = how.timeout,
                                                   .uri = "mpi://",
                                                   .time = {}});
  } catch (const error& problem) {
    if (problem.kind() == errc::unsupported)
      detail::check_mpi_ready();  // says how to ask for the thread level
    throw;
  }
}

}  // namespace farhold::mpi
