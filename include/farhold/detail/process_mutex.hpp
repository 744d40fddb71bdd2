// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <list>
#include <mutex>

namespace farhold::detail {

/// A mutex of which a process has one. No other thread holds it while the process forks: the child finds it
/// free, and what it guards whole. Not so one that is made during the fork.
///
/// Who holds one locks no other mutex, does not fork, calls no user's code, and holds it shortly: a fork
/// waits for all of them.
///
/// Lifetime  Until the process ends.
/// Threads   `lock` and `unlock` as std::mutex.
/// Source    pthread_atfork(3p), rationale.
class process_mutex {
 public:
  process_mutex() noexcept;
  process_mutex(const process_mutex&) = delete;
  process_mutex& operator=(const process_mutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  struct all;

  std::mutex mutex_;
  process_mutex* next_ = nullptr;
};

/// A mutex of which a process has one, too, and which may be held for long. Its holder may not be there in a
/// forked child, which gets another one.
///
/// Lifetime  As process_mutex.
/// Threads   All of it.
class replaced_mutex {
 public:
  [[nodiscard]] std::mutex& of_this_process();

 private:
  process_mutex guard_;
  std::list<std::mutex> mutexes_;  // the last is this process's
  std::uint64_t fork_epoch_ = 0;
};

}  // namespace farhold::detail
