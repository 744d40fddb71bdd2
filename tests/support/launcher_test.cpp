// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Under the launcher of another MPI each process is rank 0 of 1; tests that do not care then pass for the
// wrong reason. This one fails.
#include <cstdio>
#include <cstdlib>

#include <mpi.h>

int main(int argc, char** argv) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return 1;
  int size = 0;
  int rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);

  const char* const expected_text = std::getenv("FARHOLD_TEST_WORLD_SIZE");
  const int expected = expected_text != nullptr ? std::atoi(expected_text) : 0;
  int sum = 0;
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const bool good = size == expected && sum == size * (size - 1) / 2 && provided == MPI_THREAD_MULTIPLE;
  if (!good) {
    std::fprintf(stderr, "rank %d of %d, expected %d; sum of ranks %d; thread level %d\n", rank, size,
                 expected, sum, provided);
  }

  // Ranks that outnumber the cores must not wait out each other's time slices: see FarholdTesting.cmake.
  for (int i = 0; i < 1000; ++i) MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
  return good ? 0 : 1;
}
