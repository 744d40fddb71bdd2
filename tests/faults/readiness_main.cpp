// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// MPI that is not ready for a connector: readiness_main single|mixed.
//
//   single  no rank has MPI_THREAD_MULTIPLE        mixed  rank 0 has it, the others do not
#include <string>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "conformance/outcome.hpp"
#include "verdict.hpp"

namespace {

using namespace farhold;
using namespace farhold::conformance;

outcome connect() {
  // Made and forgotten. Without a progress thread, for the reason that forgotten_main.cpp gives.
  return outcome_of([] {
    return mpi::connector(MPI_COMM_WORLD, {.progress_thread = false, .timeout = std::chrono::seconds(10)});
  });
}
bool says(const outcome& told, const char* what) { return told.message.find(what) != std::string::npos; }

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const outcome before = connect();

  // Which rank this is MPI does not say yet; both launchers put it into the environment.
  const char* number = std::getenv("OMPI_COMM_WORLD_RANK");
  if (number == nullptr) number = std::getenv("PMI_RANK");
  const bool multiple = mode == "mixed" && number != nullptr && std::string_view(number) == "0";
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, multiple ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE, &provided);
  int rank = 0, size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  faults::verdict found(rank);

  found.check(before.kind == errc::invalid_argument && says(before, "MPI_Init_thread"),
              "before MPI_Init: " + before.message);
  const bool anybody_lacks = provided < MPI_THREAD_MULTIPLE || size > 1;
  const outcome told = connect();
  found.check(anybody_lacks ? told.kind == errc::unsupported : told.kind == errc::ok,
              std::string("with thread level ") + std::to_string(provided) + ": " + told.message);
  if (anybody_lacks) found.check(says(told, "MPI_THREAD_MULTIPLE"), "it says what is missing");
  if (provided < MPI_THREAD_MULTIPLE) found.check(says(told, "MPI_Init_thread"), "and what to call");

  MPI_Finalize();
  const outcome after = connect();
  found.check(after.kind == errc::invalid_argument && says(after, "finalized"),
              "after MPI_Finalize: " + after.message);
  return found.good() ? EXIT_SUCCESS : EXIT_FAILURE;
}
