// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "dice.hpp"

namespace farhold::fault {

bool dice::roll(double frequency) noexcept {
  if (frequency <= 0) return false;
  const std::scoped_lock lock(mutex_);
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  constexpr double unit = 1.0 / static_cast<double>(std::uint64_t{1} << 53U);
  return static_cast<double>(z >> 11U) * unit < frequency;
}

bool dice::deals(const kind& fault) noexcept {
  if (!roll(plan_.*fault.frequency)) return false;
  ++(*seen_.*fault.count);
  return true;
}

bool dice::refuses(call kind) noexcept {
  bool nth = false;
  if (plan_.fail_nth != 0) {
    const std::scoped_lock lock(mutex_);
    nth = ++calls_[static_cast<std::size_t>(kind)] == plan_.fail_nth;
  }
  if (!roll(plan_.fail) && !nth) return false;
  ++seen_->failed;
  return true;
}

}  // namespace farhold::fault
