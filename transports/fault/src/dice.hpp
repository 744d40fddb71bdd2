// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <farhold/fault.hpp>

namespace farhold::fault {

/// The calls that the plan's `fail_nth` counts apart.
enum class call : std::uint8_t { start, test, send, reserve, publish, get, exists, evict };
inline constexpr std::size_t call_count = 8;

/// A fault: how often the plan wants it, and where it is counted.
struct kind {
  double plan::*frequency;
  std::atomic<std::uint64_t> counts::*count;
};
inline constexpr kind delay{&plan::delay, &counts::delayed};
inline constexpr kind fail{&plan::fail, &counts::failed};
inline constexpr kind tear{&plan::tear, &counts::torn};
inline constexpr kind truncate{&plan::truncate, &counts::truncated};
inline constexpr kind duplicate{&plan::duplicate, &counts::duplicated};
inline constexpr kind drop{&plan::drop, &counts::dropped};
inline constexpr kind reorder{&plan::reorder, &counts::reordered};

/// Decides what becomes of each call, by the seed.
///
/// Threads   All of it. With one thread the decisions are the same in every run.
/// Source    The generator is SplitMix64: G. Steele et al., "Fast splittable pseudorandom number generators",
///           OOPSLA 2014.
class dice {
 public:
  /// Seeds that are neighbours start far apart: the generator steps by another constant than they do.
  explicit dice(const plan& what, std::shared_ptr<counts> seen = nullptr)
      : plan_(what),
        seen_(seen != nullptr ? std::move(seen) : std::make_shared<counts>()),
        state_((what.seed + 1) * 0xD1342543DE82EF95ULL) {}

  [[nodiscard]] const plan& what() const noexcept { return plan_; }
  [[nodiscard]] bool roll(double frequency) noexcept;
  /// Whether there is to be this fault now.
  [[nodiscard]] bool deals(const kind& fault) noexcept;
  /// Whether this call of the kind is to be refused.
  [[nodiscard]] bool refuses(call kind) noexcept;

 private:
  plan plan_;
  std::shared_ptr<counts> seen_;
  std::mutex mutex_;
  std::uint64_t state_;
  std::array<std::uint64_t, call_count> calls_{};
};

}  // namespace farhold::fault
