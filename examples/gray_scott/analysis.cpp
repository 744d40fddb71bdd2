// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "analysis.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace gray_scott {

bool same_bits(const frame_statistics& a, const frame_statistics& b) {
  static_assert(sizeof(frame_statistics) == 2 * sizeof(std::int32_t) + 9 * sizeof(double),
                "no padding to compare");
  return std::memcmp(&a, &b, sizeof a) == 0;
}

frame_analysis::frame_analysis(const parameters& numbers, int slabs)
    : numbers_(numbers),
      missing_(slabs),
      slabs_(static_cast<std::size_t>(slabs)),
      v_(static_cast<std::size_t>(numbers.rows) * static_cast<std::size_t>(numbers.columns)) {}

void frame_analysis::add(const frame_descriptor& about, const std::vector<double>& u,
                         const std::vector<double>& v) {
  const std::size_t cells = static_cast<std::size_t>(about.rows) * static_cast<std::size_t>(numbers_.columns);
  if (u.size() != cells || v.size() != cells) {
    throw std::runtime_error("a slab has not as many cells as its descriptor says");
  }
  const auto [min_u, max_u] = std::minmax_element(u.begin(), u.end());
  const auto [min_v, max_v] = std::minmax_element(v.begin(), v.end());
  slab_statistics& slab = slabs_.at(static_cast<std::size_t>(about.simulation_rank));
  slab = {
      .sum_u = std::accumulate(u.begin(), u.end(), 0.0),
      .min_u = *min_u,
      .max_u = *max_u,
      .sum_v = std::accumulate(v.begin(), v.end(), 0.0),
      .min_v = *min_v,
      .max_v = *max_v,
      .active = std::count_if(v.begin(), v.end(), [this](double x) { return x > numbers_.active_above; })};
  std::copy(v.begin(), v.end(), v_.begin() + static_cast<std::ptrdiff_t>(about.first_row) * numbers_.columns);
  frame_ = about.frame;
  step_ = about.step;
  --missing_;
}

frame_statistics frame_analysis::statistics() const {
  // Summed in rank order, not in the order of arrival: floating-point sums depend on it.
  slab_statistics whole = slabs_.front();
  for (const slab_statistics& slab : std::span(slabs_).subspan(1)) {
    whole.sum_u += slab.sum_u;
    whole.min_u = std::min(whole.min_u, slab.min_u);
    whole.max_u = std::max(whole.max_u, slab.max_u);
    whole.sum_v += slab.sum_v;
    whole.min_v = std::min(whole.min_v, slab.min_v);
    whole.max_v = std::max(whole.max_v, slab.max_v);
    whole.active += slab.active;
  }
  std::uint64_t fingerprint = 0xcbf29ce484222325U;  // FNV-1a, a word at a time
  for (const double x : v_) {
    fingerprint = (fingerprint ^ std::bit_cast<std::uint64_t>(x)) * 0x100000001b3U;
  }
  const double cells = static_cast<double>(v_.size());
  return {.frame = frame_,
          .step = step_,
          .mean_u = whole.sum_u / cells,
          .min_u = whole.min_u,
          .max_u = whole.max_u,
          .mean_v = whole.sum_v / cells,
          .min_v = whole.min_v,
          .max_v = whole.max_v,
          .total_v = whole.sum_v,
          .active_share = static_cast<double>(whole.active) / cells,
          .fingerprint = fingerprint};
}

}  // namespace gray_scott
