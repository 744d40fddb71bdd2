// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frame_descriptor.hpp"
#include "parameters.hpp"

// The consumer. Nothing here knows of farhold, of MPI, or of how a field got here: add() takes
// `const std::vector<double>&`, as somebody wrote it years ago, and is called unmodified in all three ways.

namespace gray_scott {

struct frame_statistics {
  std::int32_t frame = 0;
  std::int32_t step = 0;
  double mean_u = 0;
  double min_u = 0;
  double max_u = 0;
  double mean_v = 0;
  double min_v = 0;
  double max_v = 0;
  double total_v = 0;
  double active_share = 0;        // of the cells
  std::uint64_t fingerprint = 0;  // of every bit of v
};

/// Equal to the last bit.
bool same_bits(const frame_statistics& a, const frame_statistics& b);

/// One frame, put together from its slabs in whatever order they come.
class frame_analysis {
 public:
  frame_analysis(const parameters& numbers, int slabs);

  void add(const frame_descriptor& about, const std::vector<double>& u, const std::vector<double>& v);

  bool complete() const { return missing_ == 0; }
  /// Of the whole frame; it must be complete.
  frame_statistics statistics() const;
  std::span<const double> v() const { return v_; }

 private:
  struct slab_statistics {
    double sum_u = 0;
    double min_u = 0;
    double max_u = 0;
    double sum_v = 0;
    double min_v = 0;
    double max_v = 0;
    std::int64_t active = 0;
  };

  parameters numbers_;
  std::int32_t frame_ = 0;
  std::int32_t step_ = 0;
  int missing_;
  std::vector<slab_statistics> slabs_;
  std::vector<double> v_;
};

}  // namespace gray_scott
