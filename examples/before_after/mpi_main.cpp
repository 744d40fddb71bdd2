// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Rank 0 produces and rank 1 consumes.
#include <cstdio>
#include <cstdlib>

#include <mpi.h>

#include <farhold/mpi.hpp>

#include "compare.hpp"

namespace {

class message final : public courier {
 public:
  void send(const std::string& text) override {
    MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 1, 0, MPI_COMM_WORLD);
  }
  std::string receive() override {
    MPI_Status coming;
    MPI_Probe(0, 0, MPI_COMM_WORLD, &coming);
    int length = 0;
    MPI_Get_count(&coming, MPI_CHAR, &length);
    std::string text(static_cast<std::size_t>(length), '\0');
    MPI_Recv(text.data(), length, MPI_CHAR, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return text;
  }
};

bool run(int rank) {
  farhold::store store("before_after", farhold::mpi::connector(MPI_COMM_WORLD, {.arena_bytes = 16U << 20U}));
  message between;
  const bool agree = all_ways_agree({.producer = rank == 0, .consumer = rank == 1}, store, between);
  store.close();
  return agree;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return EXIT_FAILURE;
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  bool good = size == 2;
  if (!good) std::fprintf(stderr, "this example has two stages: run it on 2 ranks, not %d\n", size);
  try {
    good = good && run(rank);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "rank %d: %s\n", rank, problem.what());
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
  MPI_Finalize();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
