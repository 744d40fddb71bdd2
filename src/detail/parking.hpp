// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

namespace farhold::detail {

/// When a time-out that begins now is over; one too long to be added means "never" to its author.
inline std::chrono::steady_clock::time_point end_of(std::chrono::nanoseconds timeout) noexcept {
  constexpr std::chrono::nanoseconds longest = std::chrono::hours(24 * 365);
  return std::chrono::steady_clock::now() + (timeout < longest ? timeout : longest);
}

/// How a wait for something in memory ended.
enum class wake { happened, timeout, cancelled };

/// Waits until `happened()`, which is asked whenever somebody calls `unpark` for the same address; what
/// std::atomic::wait cannot do is to give up in time.
wake park(const void* address, const std::function<bool()>& happened,
          std::optional<std::chrono::steady_clock::time_point> until, const std::stop_token& stop);
/// To be called after what is waited for became true. Costs a fence and a load when nobody waits there.
void unpark(const void* address) noexcept;

}  // namespace farhold::detail
