// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

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

/// The end of an operation's time. Always real time, whatever `clock` says.
class deadline {
 public:
  explicit deadline(std::chrono::nanoseconds timeout) noexcept : end_(std::chrono::steady_clock::now()) {
    // A timeout such as nanoseconds::max() means "no limit" to its author and must not overflow.
    end_ += std::min(timeout, std::chrono::nanoseconds(std::chrono::hours(24 * 365)));
  }
  [[nodiscard]] bool passed() const noexcept { return std::chrono::steady_clock::now() >= end_; }
  [[nodiscard]] std::chrono::steady_clock::time_point time() const noexcept { return end_; }
  [[nodiscard]] std::chrono::nanoseconds left() const noexcept {
    return std::max(end_ - std::chrono::steady_clock::now(), std::chrono::nanoseconds::zero());
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace farhold::rma
