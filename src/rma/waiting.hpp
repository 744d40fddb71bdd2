// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <thread>

#include <farhold/transport.hpp>

#include "clock.hpp"

namespace farhold::rma {

/// Progresses `fabric` until `finished()`; false if the deadline passes, or the producer ends, first.
///
/// Spins for a moment, since answers take microseconds, then lets other threads run between looks: with
/// fewer cores than threads the one that is waited for may need this one's.
template <class Finished, class Hopeless>
[[nodiscard]] bool wait_for(transport& fabric, const deadline& until, Finished&& finished,
                            Hopeless&& hopeless) noexcept {
  constexpr unsigned spins = 64;
  unsigned idle = 0;
  for (unsigned i = 1; !finished(); ++i) {
    idle = fabric.progress() ? 0 : idle + 1;
    if (idle >= spins) std::this_thread::yield();
    if (i % spins == 0 && (until.passed() || hopeless())) return finished();
  }
  return true;
}

template <class Finished>
[[nodiscard]] bool wait_for(transport& fabric, const deadline& until, Finished&& finished) noexcept {
  return wait_for(fabric, until, finished, [] { return false; });
}

}  // namespace farhold::rma
