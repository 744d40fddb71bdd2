// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What programs would do without farhold, beside the same with it, between the ranks of one MPI job.
//
//   mpirun -n 5 applications [--json FILE] [--quick] [--filter TEXT] [--rounds N]
//
// Rank 0 measures, and dispatches where something is dispatched.
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>

#include <mpi.h>

#include "applications.hpp"
#include "settle_malloc.hpp"

namespace farhold::bench {

namespace {

int run_all(const options& how, int rank) {
  std::optional<report> to;
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (rank == 0) to.emplace(how, provenance{{"ranks", std::to_string(ranks)}}, std::cout);
  {
    stage all(how, to ? &*to : nullptr);
    if (to && !all.one_host()) to->remark("on several hosts\n");
    relay(all);
    partial_use(all);
    memory(all);
    fan_out(all);
    overlap(all);
    insitu(all);
  }
  return to ? to->exit_code() : 0;
}

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold::bench;
  settle_malloc();
  int level = 0, rank = 0, ranks = 0, code = 2;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  options how;
  const auto early = read_command_line(
      argc, argv,
      "Applications with farhold and without: relay, partial use, memory, fan-out, overlap, "
      "insitu. Run it on 3 ranks or more.",
      rank == 0, how);
  if (early) {
    code = *early;
  } else if (ranks < 3) {
    if (rank == 0) std::fprintf(stderr, "usage: mpirun -n 5 applications [OPTIONS], on 3 ranks or more\n");
  } else {
    try {
      if (level < MPI_THREAD_MULTIPLE) throw std::runtime_error("this MPI gives no MPI_THREAD_MULTIPLE");
      code = run_all(how, rank);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "applications: rank %d: %s\n", rank, problem.what());
      MPI_Abort(MPI_COMM_WORLD, 1);  // the other ranks wait for this one
    }
  }
  MPI_Finalize();
  return code;
}
