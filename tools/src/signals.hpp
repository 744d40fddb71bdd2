// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace farhold::tools {

/// The signals that ask a process to end, without those that whoever started it wants ignored (nohup, `&`).
sigset_t ending_signals();

/// Blocks `signals` in this thread and in those it starts.
void block(const sigset_t& signals);

/// Ends this process by `signal`, as if nobody had caught it, so that a shell sees what happened.
[[noreturn]] void end_by(int signal);

/// Turns the first signal that asks the process to end into a stop request; a second one ends it at once.
///
/// Lifetime  Made before other threads are, so that they inherit the blocked signals.
class interruption {
 public:
  interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;
  ~interruption();

  [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }
  /// The signal that came; 0 for none.
  [[nodiscard]] int signal() const noexcept { return caught_; }

 private:
  void wait();

  std::stop_source source_;
  sigset_t awaited_{};
  std::atomic<int> caught_{0};
  std::thread waiting_;
};

}  // namespace farhold::tools
