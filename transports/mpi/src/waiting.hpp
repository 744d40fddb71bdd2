// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <chrono>
#include <thread>

#include <farhold/error.hpp>

#include "errors.hpp"

namespace farhold::mpi::detail {

using clock = std::chrono::steady_clock;

/// Now plus `timeout`, without overflow for the "for ever" some callers mean.
inline clock::time_point deadline_after(std::chrono::nanoseconds timeout) noexcept {
  const auto now = clock::now();
  return timeout < clock::time_point::max() - now ? now + timeout : clock::time_point::max();
}

/// The rhythm of a loop that polls MPI until a deadline.
///
/// Neither MPI has a wait that sleeps: both spin in their blocking calls, which takes the core from a
/// computing neighbour. So: yield for a while, then sleep.
class poller {
 public:
  explicit poller(clock::time_point end) noexcept : end_(end) {}

  /// The time is over. Some more polls are granted after it: a process that was stopped past its deadline
  /// must see what arrived meanwhile, or it would give up a step that its peers have completed.
  [[nodiscard]] bool expired() noexcept { return clock::now() >= end_ && ++late_polls_ > granted_late_polls; }

  void pause() noexcept {
    if (++idle_ < yields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(nap);
    }
  }
  void something_happened() noexcept { idle_ = 0; }
  void extend(clock::time_point end) noexcept {
    if (end > end_) end_ = end;
    late_polls_ = 0;
  }

 private:
  static constexpr int granted_late_polls = 50;
  static constexpr int yields = 500;
  static constexpr std::chrono::microseconds nap{50};

  clock::time_point end_;
  int late_polls_ = 0;
  int idle_ = 0;
};

/// Polls `request` and calls `progress` (true: something happened) in between. After `timeout` the request
/// is still pending, and so is its buffer.
template <class Progress>
status wait_for(MPI_Request& request, poller& rhythm, const char* where, Progress&& progress) noexcept {
  for (;;) {
    int done = 0;
    const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return from_mpi(code, where);
    if (done != 0) return {};
    if (rhythm.expired()) return {errc::timeout, 0, where};
    if (progress()) {
      rhythm.something_happened();
    } else {
      rhythm.pause();
    }
  }
}

inline status wait_for(MPI_Request& request, poller& rhythm, const char* where) noexcept {
  return wait_for(request, rhythm, where, [] { return false; });
}

}  // namespace farhold::mpi::detail
