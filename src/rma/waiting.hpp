// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <thread>

#include <poll.h>

#include <farhold/transport.hpp>

#include "clock.hpp"

namespace farhold::rma {

/// Clocks and processes are asked after so many looks that found nothing.
inline constexpr unsigned looks_per_time_check = 64;

/// So many looks that found nothing are milliseconds: the answer is not on its way.
inline constexpr unsigned looks_before_sleep = 64 * looks_per_time_check;

/// Lets others run, or sleeps for a moment where the fabric can wake us.
inline void rest(transport& fabric, unsigned idle) noexcept {
  const int event = fabric.event_fd();
  if (idle < looks_before_sleep || event < 0) return std::this_thread::yield();
  if (!fabric.arm()) return;
  // No longer, because another thread may take the event, and nobody tells us of a death or a stop.
  constexpr int nap_ms = 1;
  pollfd called{event, POLLIN, 0};
  static_cast<void>(::poll(&called, 1, nap_ms));
}

/// Progresses `fabric` until `finished()`; false if the deadline passes, or the producer ends, first.
///
/// Spins for a moment, since answers take microseconds, then lets other threads run between looks: with
/// fewer cores than threads the one that is waited for may need this one's.
template <class Finished, class Hopeless>
[[nodiscard]] bool wait_for(transport& fabric, const deadline& until, Finished&& finished,
                            Hopeless&& hopeless) noexcept {
  unsigned idle = 0;
  for (unsigned i = 1; !finished(); ++i) {
    idle = fabric.progress() ? 0 : idle + 1;
    if (idle >= looks_per_time_check) rest(fabric, idle);
    if ((i % looks_per_time_check == 0 || idle > looks_before_sleep) && (until.passed() || hopeless()))
      return finished();
  }
  return true;
}

template <class Finished>
[[nodiscard]] bool wait_for(transport& fabric, const deadline& until, Finished&& finished) noexcept {
  return wait_for(fabric, until, finished, [] { return false; });
}

}  // namespace farhold::rma
