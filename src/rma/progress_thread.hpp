// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include <farhold/transport.hpp>

#include "quarantine.hpp"

namespace farhold::rma {

/// Progresses a transport that has no event to wait for, so that a producer which never calls farhold serves.
///
/// Polls, in three gears: with traffic in the last millisecond it only yields; then it naps 200 µs at a time,
/// and after a second of silence 1 ms. What that costs is in docs/progress.md.
///
/// Lifetime  Runs from `start` to `stop` or destruction.
class progress_thread {
 public:
  progress_thread() = default;
  progress_thread(const progress_thread&) = delete;
  progress_thread& operator=(const progress_thread&) = delete;
  ~progress_thread() { stop(); }

  /// Throws std::system_error if there can be no more threads.
  void start(transport& fabric, quarantine& held);
  void stop() noexcept;

 private:
  void run(transport& fabric, quarantine& held) noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace farhold::rma
