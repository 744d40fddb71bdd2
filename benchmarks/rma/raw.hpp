// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include <mpi.h>

#include "raw_source.hpp"

namespace farhold::bench {

/// A window over the producer's raw memory. Collective with the producer, whom the caller tells before.
class raw_window final : public raw_source {
 public:
  raw_window();
  ~raw_window() override;

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override { rget(offset, to, bytes); }
  /// MPI_Rget, MPI_Test until it is done.
  void rget(std::uint64_t offset, std::byte* to, std::uint64_t bytes);
  /// MPI_Get, MPI_Win_flush.
  void get(std::uint64_t offset, std::byte* to, std::uint64_t bytes);

 private:
  MPI_Win window_;
};

/// Both collective. `memory` may be null with 0 bytes: who only reads exposes nothing.
[[nodiscard]] MPI_Win open_window(void* memory, std::uint64_t bytes);
void close_window(MPI_Win& window);

}  // namespace farhold::bench
