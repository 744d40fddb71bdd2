// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>

#include <mpi.h>
#include <farhold/farhold.hpp>

int main(int argc, char** argv) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return 1;
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const bool good = size == 2 && farhold::category().name() != nullptr;
  if (!good) std::fprintf(stderr, "%d ranks, not 2\n", size);
  MPI_Finalize();
  return good ? 0 : 1;
}
