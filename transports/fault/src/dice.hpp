// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include <farhold/fault.hpp>

namespace farhold::fault {

/// The calls that the plan's `fail_nth` counts apart.
enum class call : std::uint8_t { start, test, send, reserve, publish, get, exists, evict };
inline constexpr std::size_t call_count = 8;

/// Decides what becomes of each call, by the seed.
///
/// Threads   All of it. With one thread the decisions are the same in every run.
/// Source    The generator is SplitMix64: G. Steele et al., "Fast splittable pseudorandom number generators",
///           OOPSLA 2014.
class dice {
 public:
  /// Seeds that are neighbours start far apart: the generator steps by another constant than they do.
  explicit dice(const plan& what) : plan_(what), state_((what.seed + 1) * 0xD1342543DE82EF95ULL) {}

  [[nodiscard]] const plan& what() const noexcept { return plan_; }
  [[nodiscard]] bool roll(double frequency) noexcept;
  /// Whether this call of the kind is to be refused.
  [[nodiscard]] bool refuses(call kind) noexcept;

 private:
  plan plan_;
  std::mutex mutex_;
  std::uint64_t state_;
  std::array<std::uint64_t, call_count> calls_{};
};

}  // namespace farhold::fault
