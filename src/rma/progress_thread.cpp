// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "progress_thread.hpp"

#include <chrono>

#include <pthread.h>
#include <csignal>

namespace farhold::rma {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto hot_for = 1ms;
constexpr auto warm_for = 1s;
constexpr auto warm_nap = 200us;
constexpr auto cold_nap = 1ms;

}  // namespace

void progress_thread::start(transport& fabric, quarantine& held) {
  // The host application's signals are not for this thread: it inherits a mask with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this, &fabric, &held] { run(fabric, held); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "farhold");
}

void progress_thread::stop() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  // Called by the thread itself, inside `progress`, it ends when that returns; the destructor joins it.
  if (thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void progress_thread::run(transport& fabric, quarantine& held) noexcept {
  auto last_traffic = steady::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool busy = fabric.progress();
    held.sweep(fabric);
    const auto now = steady::now();
    if (busy) last_traffic = now;
    const auto silent_for = now - last_traffic;
    if (silent_for < hot_for) std::this_thread::yield();
    lock.lock();
    if (silent_for >= hot_for && !stopping_)
      wake_.wait_for(lock, silent_for < warm_for ? warm_nap : cold_nap);
  }
}

}  // namespace farhold::rma
