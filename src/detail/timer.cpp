// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "timer.hpp"

#include <atomic>
#include <cstdlib>
#include <system_error>

#include <pthread.h>
#include <csignal>

#include <farhold/error.hpp>

#include "fork.hpp"

namespace farhold::detail {

namespace {

std::atomic<timer*> current{nullptr};

}  // namespace

timer::~timer() { stop(); }

timer& timer::of_this_process() {
  const std::uint64_t this_epoch = fork_epoch();
  timer* found = current.load(std::memory_order_acquire);
  // A parent's is left as it is: its thread is not here, and its mutex may be held for ever.
  while (found == nullptr || found->fork_epoch_ != this_epoch) {
    auto* const made = new timer(this_epoch);
    if (current.compare_exchange_strong(found, made, std::memory_order_acq_rel)) {
      // Never destroyed, so that static stores may use it until the end; but its thread ends before the
      // variables do that an eviction looks at. The handler of a parent finds the child's timer, or nobody's.
      static const int registered = std::atexit([] {
        timer* const last = current.load(std::memory_order_acquire);
        if (last != nullptr && last->fork_epoch_ == fork_epoch()) last->stop();
      });
      static_cast<void>(registered);
      return *made;
    }
    delete made;
  }
  return *found;
}

void timer::start() {
  const std::scoped_lock lock(mutex_);
  if (thread_.joinable() || stopping_) return;
  // The host application's signals are not for this thread: it inherits a mask with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& problem) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw error(errc::out_of_memory,
                std::string("no thread can be started that evicts objects when their time has come: ") +
                    problem.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "farhold timer");
}

void timer::add(due_objects::node_type& place) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = queue_.insert(std::move(place));
  if (at == queue_.begin()) changed_.notify_one();
}

void timer::stop() noexcept {
  std::thread ending;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    ending.swap(thread_);
  }
  changed_.notify_one();
  if (ending.joinable()) ending.join();
}

void timer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (queue_.empty()) {
      changed_.wait(lock);
    } else if (const auto due = queue_.begin()->first; due > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, due);
    } else {
      const due_objects::node_type next = queue_.extract(queue_.begin());
      lock.unlock();
      next.mapped().evict();
      lock.lock();
    }
  }
}

}  // namespace farhold::detail
