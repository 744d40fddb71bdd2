// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "mpi_group.hpp"

#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace farhold::conformance {

mpi_group::mpi_group(MPI_Comm comm, std::chrono::seconds patience) : patience_(patience) {
  MPI_Comm_dup(comm, &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

mpi_group::~mpi_group() {
  if (!hung_) MPI_Comm_free(&comm_);
}

void mpi_group::wait(MPI_Request request, const char* what) {
  constexpr int yields = 1000;
  const auto end = std::chrono::steady_clock::now() + patience_;
  int done = 0;
  for (int i = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done == 0; ++i) {
    if (std::chrono::steady_clock::now() > end) {
      hung_ = true;
      throw std::runtime_error(std::string(what) + ": the other ranks do not come");
    }
    if (i < yields) {
      std::this_thread::yield();
    } else {
      // MPI has no wait that sleeps: its blocking calls take a core, which tests on two cores need for
      // others.
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

void mpi_group::barrier() {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibarrier(comm_, &request);
  wait(request, "barrier");
}

std::vector<std::byte> mpi_group::broadcast(std::vector<std::byte> bytes, int root) {
  // On the heap and given up if the wait is: MPI may still write there.
  auto size_bytes = std::make_unique<unsigned long long>(bytes.size());
  auto landing = std::make_unique<std::vector<std::byte>>(std::move(bytes));
  try {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(size_bytes.get(), 1, MPI_UNSIGNED_LONG_LONG, root, comm_, &request);
    wait(request, "broadcast");
    landing->resize(*size_bytes);
    MPI_Ibcast(landing->data(), static_cast<int>(landing->size()), MPI_BYTE, root, comm_, &request);
    wait(request, "broadcast");
  } catch (...) {
    static_cast<void>(size_bytes.release());
    static_cast<void>(landing.release());
    throw;
  }
  return std::move(*landing);
}

}  // namespace farhold::conformance
