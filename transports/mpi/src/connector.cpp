// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/mpi.hpp>

#include "init_checks.hpp"
#include "mpi_transport.hpp"
#include "rma/connector.hpp"
#include "rma/scheme_options.hpp"

namespace farhold::mpi {

std::unique_ptr<farhold::connector> connector(MPI_Comm comm, const options& how) {
  // Without MPI there is nobody to agree with; a rank with the wrong thread level is agreed upon in open.
  if (!detail::mpi_is_alive()) detail::check_mpi_ready();
  std::unique_ptr<transport> fabric =
      std::make_unique<detail::mpi_transport>(comm, detail::transport_options{.window = how.window});
  if (how.decorate) fabric = how.decorate(std::move(fabric));
  try {
    rma::options engine = rma::engine_options(how);
    engine.timeout = how.timeout;
    engine.uri = "mpi://";
    return rma::make_connector(std::move(fabric), engine);
  } catch (const error& problem) {
    if (problem.kind() == errc::unsupported)
      detail::check_mpi_ready();  // says how to ask for the thread level
    throw;
  }
}

}  // namespace farhold::mpi
