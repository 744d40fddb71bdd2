// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>

namespace farhold::detail {

/// A policy of boost::intrusive_ref_counter like boost::thread_safe_counter, without read-modify-writes where
/// only one reference can be about: for the first, and for the last, which nobody else can copy any more.
struct reference_count {
  using type = std::atomic<unsigned>;

  static unsigned load(const type& counter) noexcept { return counter.load(std::memory_order_acquire); }
  static void increment(type& counter) noexcept {
    if (counter.load(std::memory_order_relaxed) == 0) {
      counter.store(1, std::memory_order_relaxed);
    } else {
      counter.fetch_add(1, std::memory_order_relaxed);
    }
  }
  /// What is left.
  static unsigned decrement(type& counter) noexcept {
    if (counter.load(std::memory_order_acquire) == 1) return 0;
    return counter.fetch_sub(1, std::memory_order_acq_rel) - 1;
  }
};

}  // namespace farhold::detail
