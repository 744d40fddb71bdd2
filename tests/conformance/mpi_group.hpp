// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <chrono>

#include "backend.hpp"

namespace farhold::conformance {

/// The ranks of a communicator, which is duplicated. Waits poll, so that they end.
class mpi_group final : public process_group {
 public:
  explicit mpi_group(MPI_Comm comm, std::chrono::seconds patience = std::chrono::seconds(45));
  ~mpi_group() override;

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  void barrier() override;
  [[nodiscard]] std::vector<std::byte> broadcast(std::vector<std::byte> bytes, int root) override;

 private:
  void wait(MPI_Request request, const char* what);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
  std::chrono::seconds patience_;
  bool hung_ = false;  // a collective is still under way: nothing may be freed
};

}  // namespace farhold::conformance
