// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <farhold/transport.hpp>

#include "producer.hpp"
#include "quarantine.hpp"

namespace farhold::rma {

/// Progresses a transport, so that a producer which never calls farhold serves.
///
/// Where the transport has an event to wait for it sleeps until there is one, and if by then another thread
/// progresses, for 50 µs more. Else it polls, in three gears:
/// with traffic in the last millisecond it only yields; then it naps 200 µs at a time, and after a second of
/// silence 1 ms. What that costs is in docs/progress.md.
///
/// Lifetime  Runs from `start` to `stop` or destruction.
class progress_thread {
 public:
  progress_thread() = default;
  progress_thread(const progress_thread&) = delete;
  progress_thread& operator=(const progress_thread&) = delete;
  ~progress_thread();

  /// Throws std::system_error if there can be no more threads or descriptors.
  void start(transport& fabric, quarantine& held, producer& objects);
  void stop() noexcept;
  /// Makes a thread that sleeps look again.
  void wake() const noexcept;

 private:
  void poll_on(transport& fabric, quarantine& held, producer& objects) noexcept;
  void sleep_on_events(transport& fabric, quarantine& held, producer& objects) noexcept;

  void step_aside() const noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  int wake_event_ = -1;
  std::thread thread_;
};

}  // namespace farhold::rma
