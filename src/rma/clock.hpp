// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

#include <farhold/call_options.hpp>
#include <farhold/error.hpp>

namespace farhold::rma {

/// The monotonic clock that grace periods and reads are measured by, in nanoseconds.
///
/// A member of options and not a global, so that tests can give producer and consumer clocks of their own.
/// Never a coarse clock: the argument of docs/design/validation.md needs readings that are not early.
struct clock {
  std::uint64_t (*read)(const void* context) noexcept = [](const void*) noexcept {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  };
  const void* context = nullptr;

  [[nodiscard]] std::uint64_t now() const noexcept { return read(context); }
};

/// A monotonic clock that is up to a tick late (1 to 10 ms) and costs a third of the other: for how often to
/// ask after something, never for validation (clock_gettime(2), CLOCK_MONOTONIC_COARSE).
inline std::uint64_t coarse_now() noexcept {
  timespec now{};
  static_cast<void>(::clock_gettime(CLOCK_MONOTONIC_COARSE, &now));
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

/// The end of an operation's time, or of its caller's patience. Always real time, whatever `clock` says.
class deadline {
 public:
  deadline() noexcept = default;  ///< has passed long ago
  explicit deadline(const call_limits& limits) noexcept
      : end_(std::chrono::steady_clock::now()), stop_(limits.stop) {
    // A timeout such as nanoseconds::max() means "no limit" to its author and must not overflow.
    end_ += std::min(limits.timeout, std::chrono::nanoseconds(std::chrono::hours(24 * 365)));
  }

  [[nodiscard]] bool passed() const noexcept {
    return stop_.stop_requested() || std::chrono::steady_clock::now() >= end_;
  }
  /// Why it passed: `cancelled` if somebody asked for it, else `timeout`.
  [[nodiscard]] status outcome(const char* where) const noexcept {
    return {stop_.stop_requested() ? errc::cancelled : errc::timeout, 0, where};
  }
  [[nodiscard]] std::chrono::steady_clock::time_point time() const noexcept { return end_; }
  [[nodiscard]] std::chrono::nanoseconds left() const noexcept {
    return std::max(end_ - std::chrono::steady_clock::now(), std::chrono::nanoseconds::zero());
  }

 private:
  std::chrono::steady_clock::time_point end_;
  std::stop_token stop_;
};

}  // namespace farhold::rma
