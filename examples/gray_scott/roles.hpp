// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <mpi.h>

#include "analysis.hpp"
#include "parameters.hpp"
#include "progress.hpp"
#include "render.hpp"
#include "route.hpp"

namespace gray_scott {

/// Who does what: ranks 0 .. n-3 simulate, n-2 dispatches, n-1 analyses.
class crew {
 public:
  /// Collective over `world`, which has three ranks at least.
  explicit crew(MPI_Comm world);
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew();

  int rank() const { return rank_; }
  int size() const { return size_; }
  int simulations() const { return size_ - 2; }
  int dispatcher() const { return size_ - 2; }
  int analysis() const { return size_ - 1; }
  const char* role() const;

  MPI_Comm everyone() const { return everyone_; }
  MPI_Comm ring() const { return ring_; }  // the simulation ranks only

 private:
  MPI_Comm everyone_ = MPI_COMM_NULL;
  MPI_Comm ring_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
};

/// What the analysis saw.
struct findings {
  std::vector<frame_statistics> frames;
  picture sheet;
};

int frames_in(const parameters& numbers);

void simulate(const crew& who, const parameters& numbers, std::span<const double> seed, frame_route& route,
              progress& shown);
/// Returns what passed through its hands.
traffic dispatch(const crew& who, const parameters& numbers);
findings analyse(const crew& who, const parameters& numbers, frame_route& route,
                 const std::filesystem::path& directory);

}  // namespace gray_scott
