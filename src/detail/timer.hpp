// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include <farhold/lifetime.hpp>

namespace farhold::detail {

/// Evicts objects when their time has come: one thread for all stores of the process.
///
/// Lifetime  The thread starts with the first object and sleeps until the next one is due. It is joined when
/// the
///           process exits; objects that are due later are not evicted. A forked child has none, until it
///           stores an object with a time itself.
/// Threads   All of it.
class timer {
 public:
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer();

  static timer& of_this_process();

  /// Starts the thread, if it does not run. Throws `out_of_memory` if it cannot be had.
  void start();
  /// Takes the object of `place`, which is left empty.
  void add(due_objects::node_type& place) noexcept;
  /// Evicts nothing more. Waits for the eviction that is being made.
  void stop() noexcept;

 private:
  explicit timer(std::uint64_t fork_epoch) noexcept : fork_epoch_(fork_epoch) {}
  void run();

  const std::uint64_t fork_epoch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  due_objects queue_;
  std::thread thread_;
};

}  // namespace farhold::detail
