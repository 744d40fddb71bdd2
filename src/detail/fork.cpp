// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "fork.hpp"

#include <array>
#include <atomic>
#include <cstddef>

#include <pthread.h>
#include <unistd.h>

#include <farhold/detail/process_mutex.hpp>

namespace farhold::detail {

namespace {

std::atomic<std::uint64_t> epoch{0};

/// Descriptors below this are closed in forked children. Higher ones live on there: then the end of a process
/// with such a child is seen by its pid, and where that cannot be seen, not before the child's.
constexpr std::size_t marked_fds = 65'536;
std::array<std::atomic<std::uint64_t>, marked_fds / 64> marks{};

void close_marked() {
  for (std::size_t word = 0; word < marks.size(); ++word) {
    std::uint64_t bits = marks[word].exchange(0, std::memory_order_relaxed);
    for (int bit = 0; bits != 0; ++bit, bits >>= 1U) {
      if ((bits & 1U) != 0) ::close(static_cast<int>(word) * 64 + bit);
    }
  }
}

void in_child() { epoch.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_epoch() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, &in_child);
  static_cast<void>(registered);
  return epoch.load(std::memory_order_relaxed);
}

void close_in_children(int fd) noexcept {
  static const int registered = ::pthread_atfork(nullptr, nullptr, &close_marked);
  static_cast<void>(registered);
  const auto at = static_cast<std::size_t>(fd);
  if (fd >= 0 && at < marked_fds)
    marks[at / 64].fetch_or(std::uint64_t{1} << at % 64, std::memory_order_relaxed);
}

void forget_in_children(int fd) noexcept {
  const auto at = static_cast<std::size_t>(fd);
  if (fd >= 0 && at < marked_fds)
    marks[at / 64].fetch_and(~(std::uint64_t{1} << at % 64), std::memory_order_relaxed);
}

/// Those of the process, each before the ones that were made earlier.
struct process_mutex::all {
  static constinit std::atomic<process_mutex*> newest;
  static constinit std::mutex one_fork_at_a_time;
  static constinit process_mutex* newest_held;

  static void lock() {
    one_fork_at_a_time.lock();
    newest_held = newest.load(std::memory_order_acquire);
    for (process_mutex* one = newest_held; one != nullptr; one = one->next_) one->lock();
  }
  /// In the parent and in the child. Those before `newest_held` were made meanwhile, by other threads.
  static void unlock() {
    for (process_mutex* one = newest_held; one != nullptr; one = one->next_) one->unlock();
    one_fork_at_a_time.unlock();
  }
};

constinit std::atomic<process_mutex*> process_mutex::all::newest{nullptr};
constinit std::mutex process_mutex::all::one_fork_at_a_time;
constinit process_mutex* process_mutex::all::newest_held = nullptr;

process_mutex::process_mutex() noexcept {
  static const int registered = ::pthread_atfork(&all::lock, &all::unlock, &all::unlock);
  static_cast<void>(registered);
  next_ = all::newest.load(std::memory_order_relaxed);
  while (!all::newest.compare_exchange_weak(next_, this, std::memory_order_release)) {
  }
}

std::mutex& replaced_mutex::of_this_process() {
  const std::uint64_t this_epoch = fork_epoch();
  const std::scoped_lock lock(guard_);
  if (mutexes_.empty() || fork_epoch_ != this_epoch) {
    mutexes_.emplace_back();
    fork_epoch_ = this_epoch;
  }
  return mutexes_.back();
}

}  // namespace farhold::detail
