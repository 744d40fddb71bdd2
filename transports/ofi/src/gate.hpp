// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>

namespace farhold::ofi::detail {

/// Lets many threads use a thing for a moment, and one of them know that nobody does.
///
/// Threads   All of it; `shut` and `open` by one at a time.
class gate {
 public:
  /// Held while one is inside. False if it is shut.
  class pass {
   public:
    explicit pass(gate& through) noexcept : gate_(through) {
      inside_ = (gate_.word_.fetch_add(1, std::memory_order_acquire) & closed) == 0;
    }
    pass(const pass&) = delete;
    pass& operator=(const pass&) = delete;
    ~pass() { gate_.word_.fetch_sub(1, std::memory_order_release); }
    explicit operator bool() const noexcept { return inside_; }

   private:
    gate& gate_;
    bool inside_;
  };

  /// Lets nobody in any more. True once nobody is inside: ask again.
  [[nodiscard]] bool shut() noexcept {
    return (word_.fetch_or(closed, std::memory_order_acquire) & ~closed) == 0;
  }
  void open() noexcept { word_.fetch_and(~closed, std::memory_order_release); }

 private:
  static constexpr std::uint32_t closed = 0x8000'0000U;
  std::atomic<std::uint32_t> word_{closed};
};

}  // namespace farhold::ofi::detail
