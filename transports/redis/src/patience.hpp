// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <chrono>

#include <farhold/call_options.hpp>
#include <farhold/error.hpp>

namespace farhold::redis {

/// The end of a call's time or patience.
class patience {
 public:
  using clock = std::chrono::steady_clock;

  explicit patience(const call_limits& limits) noexcept
      // A time of centuries must not be in the past by overflow.
      : end_(clock::now() +
             std::min<std::chrono::nanoseconds>(limits.timeout, std::chrono::hours(24 * 365 * 100))),
        stop_(limits.stop) {}

  /// `timeout` or `cancelled`, during `step`.
  [[nodiscard]] status left(const char* step) const noexcept {
    if (stop_.stop_requested()) return {errc::cancelled, 0, step};
    if (clock::now() >= end_) return {errc::timeout, 0, step};
    return {};
  }

  /// So long may be slept before `left` has to be asked again; at least 1 ms, for poll.
  [[nodiscard]] int nap_ms() const noexcept {
    constexpr std::int64_t longest = 60'000;
    constexpr std::int64_t longest_if_asked = 5;  // nobody wakes us when the caller gives up
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end_ - clock::now()).count();
    const std::int64_t most = stop_.stop_possible() ? longest_if_asked : longest;
    return static_cast<int>(std::clamp<std::int64_t>(rest, 1, most));
  }

 private:
  clock::time_point end_;
  std::stop_token stop_;
};

}  // namespace farhold::redis
