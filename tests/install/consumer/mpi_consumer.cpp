// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>
#include <string>
#include <vector>

#include <mpi.h>
#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

namespace {

constexpr int token_tag = 1;

bool rank_0_produces_and_rank_1_reads(int rank) {
  farhold::store store("consumer", farhold::mpi::connector(MPI_COMM_WORLD));
  bool good = true;
  if (rank == 0) {
    const std::string token = store.proxy(std::vector<double>(100'000, 0.5)).to_string();
    MPI_Send(token.data(), static_cast<int>(token.size()), MPI_CHAR, 1, token_tag, MPI_COMM_WORLD);
  } else {
    MPI_Status incoming;
    MPI_Probe(0, token_tag, MPI_COMM_WORLD, &incoming);
    int length = 0;
    MPI_Get_count(&incoming, MPI_CHAR, &length);
    std::string token(static_cast<std::size_t>(length), '\0');
    MPI_Recv(token.data(), length, MPI_CHAR, 0, token_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    const auto field = farhold::proxy<std::vector<double>>::from_string(token);
    good = field->size() == 100'000 && field->back() == 0.5;
    std::printf("read %zu values\n", field->size());
  }
  store.close();
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  if (MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) return 1;
  int size = 0;
  int rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  bool good = size == 2;
  if (good) {
    good = rank_0_produces_and_rank_1_reads(rank);
  } else {
    std::fprintf(stderr, "%d ranks, not 2\n", size);
  }
  MPI_Finalize();
  return good ? 0 : 1;
}
