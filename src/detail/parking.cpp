// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "parking.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <farhold/detail/fork_epoch.hpp>

namespace farhold::detail {

namespace {

/// Waiters of many addresses share a place; they are woken together and look again.
struct place {
  std::atomic<int> waiters{0};
  std::mutex mutex;
  std::condition_variable_any wake;
};

/// Never dies: proxies resolve in other destructors. Nobody waits in a forked child, which has places of its
/// own; its parent's are left as they are, where leak checkers still find them.
struct places_of_process {
  const std::uint64_t fork_epoch;
  const places_of_process* const parents;
  std::array<place, 64> all{};
};

std::array<place, 64>& places() {
  static std::atomic<places_of_process*> current{nullptr};
  const std::uint64_t this_epoch = fork_epoch();
  places_of_process* found = current.load(std::memory_order_acquire);
  while (found == nullptr || found->fork_epoch != this_epoch) {
    auto* const made = new places_of_process{this_epoch, found};
    if (current.compare_exchange_strong(found, made, std::memory_order_acq_rel)) return made->all;
    delete made;
  }
  return found->all;
}

place& place_of(const void* address) {
  std::array<place, 64>& all = places();
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  return all[(number >> 6U ^ number >> 12U) % all.size()];
}

}  // namespace

wake park(const void* address, const std::function<bool()>& happened,
          std::optional<std::chrono::steady_clock::time_point> until, const std::stop_token& stop) {
  place& here = place_of(address);
  std::unique_lock lock(here.mutex);
  here.waiters.fetch_add(1, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const bool done =
      until ? here.wake.wait_until(lock, stop, *until, happened) : here.wake.wait(lock, stop, happened);
  here.waiters.fetch_sub(1, std::memory_order_relaxed);
  if (done) return wake::happened;
  return stop.stop_requested() ? wake::cancelled : wake::timeout;
}

void unpark(const void* address) noexcept {
  place& here = place_of(address);
  // With the waiter's "count me, then look": one of the two sees what the other did.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (here.waiters.load(std::memory_order_seq_cst) == 0) return;
  { const std::scoped_lock lock(here.mutex); }
  here.wake.notify_all();
}

}  // namespace farhold::detail
