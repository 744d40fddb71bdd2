// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <farhold/bytes.hpp>
#include <farhold/connector.hpp>
#include <farhold/error.hpp>

#include "allocator.hpp"
#include "clock.hpp"
#include "pins.hpp"
#include "ticket.hpp"

namespace farhold::rma {

/// The objects of one arena: reserved, published, evicted, and their memory given back when no reader can
/// be surprised by it. The rules are those of docs/design/validation.md.
///
/// An object's payload lies in its block; or elsewhere in this process, and the block holds the trailer only;
/// or in a block that a container of the user's has (born in place), which gives it back.
///
/// Lifetime  Refers to the arena's memory, which must outlive it.
/// Threads   All of it. `pin` and `unpin` take no lock. Owners of published memory are released, with no lock
///           held, in `tick`, `reserve`, `give_back`, `end_residents` and an `evict` with patience.
class blocks {
 public:
  /// `memory` is the whole segment; objects go behind its header. `grace` is how long the memory of an
  /// evicted object stays as it was, by `time`. `index` is the arena's; `views` says what other processes
  /// pin.
  blocks(byte_span memory, std::uint64_t header_bytes, std::uint64_t incarnation,
         std::chrono::nanoseconds grace, clock time, std::uint32_t index = 0, pin_segment* views = nullptr);
  blocks(const blocks&) = delete;
  blocks& operator=(const blocks&) = delete;
  ~blocks();

  /// Finds room for a payload of `length` bytes; waits for evicted memory to come back, at most `until`.
  status reserve(std::uint64_t length, const deadline& until, std::uint32_t& slot, byte_span& out) noexcept;
  status reserve(std::uint64_t length, std::chrono::nanoseconds timeout, std::uint32_t& slot,
                 byte_span& out) noexcept {
    return reserve(length, deadline(timeout), slot, out);
  }
  void abandon(std::uint32_t slot) noexcept;
  /// Publishes what was reserved. The ticket's object can be read from now on.
  ticket publish(std::uint32_t slot, std::uint64_t length, type_id type) noexcept;
  /// Publishes memory that lies elsewhere. Does not wait for room.
  status publish_elsewhere(const resident& object, type_id type, ticket& out) noexcept;
  /// Publishes the first `object.memory.size()` bytes of a block whose container stays its owner.
  /// `invalid_argument` if an object is there already.
  status publish_in_place(std::uint32_t slot, const resident& object, type_id type, ticket& out) noexcept;
  /// The container gives its block back, and ends the object that may be in it.
  void give_back(std::uint32_t slot) noexcept;

  /// Ends the object. The second of two callers gets `stale`. With `patience`, lent memory has been released
  /// when this returns, or else it is `timeout`; what else there is to release, `tick` does.
  status evict(const ticket& object, const deadline* patience = nullptr) noexcept;

  /// Keeps a live object's memory from being reused until `unpin`. A hostile ticket is an error.
  status pin(const ticket& object, byte_view& payload) noexcept;
  void unpin(const ticket& object) noexcept { unpin(object.slot); }
  void unpin(std::uint32_t slot) noexcept;
  /// Whether a pinned object is lent: then the pin has to be short.
  [[nodiscard]] bool lent(std::uint32_t slot) const noexcept { return slots_[slot].lent; }

  /// Waits until no block is pinned; false if the deadline passes first.
  [[nodiscard]] bool wait_unpinned(const deadline& until) noexcept;

  /// Releases what is due of published memory. Costs one load when nothing can be.
  void tick() noexcept {
    if (ending_.load(std::memory_order_relaxed) > 0) reclaim_now();
  }
  /// Whether there is something to be released once its time has come.
  [[nodiscard]] bool waits_to_release() const noexcept { return ending_.load(std::memory_order_relaxed) > 0; }
  /// Ends all objects whose memory has an owner; only lent ones if `lent_only`.
  void end_residents(bool lent_only) noexcept;
  /// Nobody can begin to look at anything here any more: nothing is reused, and no grace is needed.
  void shut() noexcept;

  /// Those that are not released, for whoever has to keep them where leak checkers look: they do not look at
  /// the table of blocks. May throw std::bad_alloc.
  void list_owners(std::vector<const void*>& out) const;

  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_.load(std::memory_order_relaxed); }
  /// Whether `object` lies within this arena, whatever it says otherwise.
  [[nodiscard]] bool in_bounds(const ticket& object) const noexcept;
  [[nodiscard]] byte_span memory() const noexcept { return memory_; }
  void collect(metrics& m) const noexcept;

 private:
  /// An owner of published memory, until it is released.
  struct residence {
    resident what;
    residence* next = nullptr;
  };
  /// What readers in this process see of a block. A cache line each: pins of neighbours do not collide.
  struct alignas(64) slot_state {
    std::atomic<std::uint64_t> generation{0};
    std::atomic<std::uint32_t> pins{0};
    std::uint32_t next = allocator::none;  // among the retired
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t type = 0;
    std::uint64_t evicted_at = 0;
    residence* home = nullptr;  // of memory that has an owner
    bool elsewhere = false;
    bool lent = false;
    bool taken = false;       // published, or not yet reclaimed
    bool born = false;        // a container has the block
    bool given_back = false;  // no more
    bool awaited = false;     // whoever evicts releases, too
  };
  static_assert(sizeof(slot_state) == 64);

  /// What a `reclaim` leaves to be done without the mutex: owners to be released, and views to be asked
  /// after.
  struct left_over {
    residence* owners = nullptr;
    pin_segment* views = nullptr;
  };

  [[nodiscard]] ticket describe(std::uint32_t slot, std::uint64_t generation) const noexcept;
  ticket show(std::uint32_t slot, std::uint64_t length, type_id type, residence* home,
              bool elsewhere) noexcept;
  [[nodiscard]] bool end(std::uint32_t slot, std::uint64_t generation) noexcept;
  status wait_for_lent(std::uint32_t slot, const deadline& until) noexcept;
  void reclaim_now() noexcept;

  // With the mutex held.

  void retire(std::uint32_t slot) noexcept;
  [[nodiscard]] left_over reclaim() noexcept;
  [[nodiscard]] bool in_view(std::uint32_t slot, bool& asked) noexcept;
  void take_home(slot_state& s, residence*& list) noexcept;
  [[nodiscard]] bool any_pinned() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds until_next_reclaim() const noexcept;

  void settle(const left_over& rest) noexcept;
  void release(residence* list) noexcept;

  byte_span memory_;
  std::uint64_t header_bytes_;
  std::uint64_t incarnation_;
  std::uint64_t grace_ns_;
  clock clock_;
  std::uint32_t index_;
  pin_segment* views_;
  std::uint32_t slot_count_;
  slot_state* slots_ = nullptr;  // reserved address space, committed as it is touched; never moves

  mutable std::mutex mutex_;
  std::condition_variable unpinned_;
  allocator allocator_;
  std::vector<std::uint64_t> in_view_;             // scratch of `reclaim`
  std::uint32_t retired_first_ = allocator::none;  // oldest first
  std::uint32_t retired_last_ = allocator::none;
  std::atomic<std::uint64_t> last_generation_;
  std::atomic<std::uint64_t> evicted_{0};
  std::uint32_t ending_lent_ = 0;
  std::atomic<std::uint32_t> ending_{
      0};  // owners of retired blocks that are still to be released, lent included
  std::atomic<std::uint64_t> adopted_bytes_{0};
  std::atomic<std::uint64_t> lent_bytes_{0};
  std::atomic<int> waiters_{0};  // for `unpinned_`, so that unpin need not lock when nobody waits
};

}  // namespace farhold::rma
