// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "progress_thread.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
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

progress_thread::~progress_thread() {
  stop();
  if (wake_event_ >= 0) ::close(wake_event_);
}

void progress_thread::start(transport& fabric, quarantine& held, producer& objects) {
  const bool sleeps = fabric.event_fd() >= 0;
  if (sleeps) {
    wake_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_event_ < 0) throw std::system_error(errno, std::generic_category());
  }
  // The host application's signals are not for this thread: it inherits a mask with all of them blocked.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this, &fabric, &held, &objects, sleeps] {
      sleeps ? sleep_on_events(fabric, held, objects) : poll_on(fabric, held, objects);
    });
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
  wake();
  // Called by the thread itself, inside `progress`, it ends when that returns; the destructor joins it.
  if (thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

void progress_thread::wake() const noexcept {
  if (wake_event_ >= 0) static_cast<void>(::eventfd_write(wake_event_, 1));
}

/// Another thread has come first, and waits for what called us. It does the work; two at it would only take
/// turns to disturb each other, and with few cores the process that has to answer.
void progress_thread::step_aside() const noexcept {
  constexpr timespec moment{0, 50'000};
  pollfd woken{wake_event_, POLLIN, 0};
  static_cast<void>(::ppoll(&woken, 1, &moment, nullptr));
}

void progress_thread::sleep_on_events(transport& fabric, quarantine& held, producer& objects) noexcept {
  pollfd wait_for[2] = {{fabric.event_fd(), POLLIN, 0}, {wake_event_, POLLIN, 0}};
  bool called = false;
  int refused = 0;  // times in a row
  while (!stopping_) {
    const bool busy = fabric.progress();
    held.sweep(fabric);
    objects.tick();
    if (!busy && !fabric.arm()) {
      // Once: something has just come, and is found by the next look.
      if (++refused > 1 && called) step_aside();
      continue;
    }
    refused = 0;
    if (busy) continue;
    // What is in quarantine is asked for, and time passes for what is evicted; there is no event for either.
    constexpr int quarantine_nap_ms = 1;
    constexpr int release_nap_ms = 20;
    const int nap_ms = held.bytes() > 0             ? quarantine_nap_ms
                       : objects.waits_to_release() ? release_nap_ms
                                                    : -1;
    called = ::poll(wait_for, 2, nap_ms) > 0;
    eventfd_t ignored = 0;
    if ((wait_for[1].revents & POLLIN) != 0) static_cast<void>(::eventfd_read(wake_event_, &ignored));
  }
}

void progress_thread::poll_on(transport& fabric, quarantine& held, producer& objects) noexcept {
  auto last_traffic = steady::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool busy = fabric.progress();
    held.sweep(fabric);
    objects.tick();
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
