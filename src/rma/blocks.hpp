// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "allocator.hpp"
#include "clock.hpp"
#include "ticket.hpp"

namespace farhold::rma {

/// The objects of one arena: reserved, published, evicted, and their memory given back when no reader can
/// be surprised by it. The rules are those of docs/design/validation.md.
///
/// Lifetime  Refers to the arena's memory, which must outlive it.
/// Threads   All of it. `pin` and `unpin` take no lock.
class blocks {
 public:
  /// `memory` is the whole segment; objects go behind its header. `grace` is how long the memory of an
  /// evicted object stays as it was, by `time`.
  blocks(byte_span memory, std::uint64_t header_bytes, std::uint64_t incarnation,
         std::chrono::nanoseconds grace, clock time);
  blocks(const blocks&) = delete;
  blocks& operator=(const blocks&) = delete;
  ~blocks();

  /// Finds room for a payload of `length` bytes; waits for evicted memory to come back, at most `timeout`.
  status reserve(std::uint64_t length, std::chrono::nanoseconds timeout, std::uint32_t& slot,
                 byte_span& out) noexcept;
  void abandon(std::uint32_t slot) noexcept;
  /// Publishes what was reserved. The ticket's object can be read from now on.
  ticket publish(std::uint32_t slot, std::uint64_t length, type_id type) noexcept;

  /// Ends the object. The second of two callers gets `stale`.
  status evict(const ticket& object) noexcept;

  /// Keeps a live object's memory from being reused until `unpin`. A hostile ticket is an error.
  status pin(const ticket& object, byte_view& payload) noexcept;
  void unpin(const ticket& object) noexcept;

  /// Waits until no block is pinned; false if the deadline passes first.
  [[nodiscard]] bool wait_unpinned(const deadline& until) noexcept;

  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_.load(std::memory_order_relaxed); }
  /// Whether `object` lies within this arena, whatever it says otherwise.
  [[nodiscard]] bool in_bounds(const ticket& object) const noexcept;

 private:
  /// What readers in this process see of a block. A cache line each: pins of neighbours do not collide.
  struct alignas(64) slot_state {
    std::atomic<std::uint64_t> generation{0};
    std::atomic<std::uint32_t> pins{0};
    std::uint32_t next = allocator::none;  // among the retired
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t type = 0;
    std::uint64_t evicted_at = 0;
  };

  void retire(std::uint32_t slot) noexcept;
  void reclaim() noexcept;
  [[nodiscard]] bool any_pinned() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds until_next_reclaim() const noexcept;

  byte_span memory_;
  std::uint64_t header_bytes_;
  std::uint64_t incarnation_;
  std::uint64_t grace_ns_;
  clock clock_;
  std::uint32_t slot_count_;
  slot_state* slots_ = nullptr;  // reserved address space, committed as it is touched; never moves

  std::mutex mutex_;
  std::condition_variable unpinned_;
  allocator allocator_;
  std::uint32_t retired_first_ = allocator::none;  // oldest first
  std::uint32_t retired_last_ = allocator::none;
  std::atomic<std::uint64_t> last_generation_{0};
  std::atomic<std::uint64_t> evicted_{0};
  std::atomic<int> waiters_{0};  // for `unpinned_`, so that unpin need not lock when nobody waits
};

}  // namespace farhold::rma
