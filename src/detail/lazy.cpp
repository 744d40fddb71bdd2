// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/lazy.hpp>

#include <farhold/error.hpp>

#include "parking.hpp"

namespace farhold::detail {

void lazy::await_claim(const call_options& call) const {
  const std::uint64_t claimed_in = claimed_in_.load(std::memory_order_relaxed);
  if (claimed_in != 0 && claimed_in != fork_epoch() + 1 &&
      phase_.load(std::memory_order_acquire) != phase::made) {
    throw error(
        errc::closed,
        "fork() has left the thread behind that was bringing the object of this proxy; make the proxy from "
        "its token again");
  }
  std::optional<std::chrono::steady_clock::time_point> until;
  if (call.timeout) until = end_of(*call.timeout);
  const auto ended = [this] {
    // Says at each look that it waits: the claim may have ended, and be somebody else's by now.
    phase now = phase::making;
    return !phase_.compare_exchange_strong(now, phase::awaited, std::memory_order_acquire) &&
           now != phase::awaited;
  };
  switch (park(&phase_, ended, until, call.stop)) {
    case wake::happened: return;
    case wake::timeout:
      throw error(errc::timeout,
                  "the deadline passed while another thread was bringing the object of this proxy; the next "
                  "access tries again");
    case wake::cancelled:
      throw error(errc::cancelled, "the wait for another thread that brings the object was cancelled");
  }
}

void lazy::end_claim(bool with_object) noexcept {
  const void* const address = &phase_;  // whoever sees the object may end the last proxy
  if (phase_.exchange(with_object ? phase::made : phase::idle, std::memory_order_acq_rel) == phase::awaited)
    unpark(address);
}

}  // namespace farhold::detail
