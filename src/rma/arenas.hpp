// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <farhold/connector.hpp>

#include "../detail/fork.hpp"
#include "arena.hpp"
#include "blocks.hpp"
#include "clock.hpp"
#include "options.hpp"
#include "pins.hpp"

namespace farhold::rma {

class arena_resource;

/// All memory of a producer: its first arena, which the fabric exposes, more when that is full, and the
/// objects in them.
///
/// Lifetime  Counted: views of this process and containers that were born here keep it. `shut` once, when
///           nobody outside can read any more; at the latest its end does it.
/// Threads   All but `open` and `shut`.
class arenas : public boost::intrusive_ref_counter<arenas, boost::thread_safe_counter> {
 public:
  explicit arenas(std::uint64_t incarnation) noexcept : incarnation_(incarnation) {}
  arenas(const arenas&) = delete;
  arenas& operator=(const arenas&) = delete;
  ~arenas();

  status open(const options& how) noexcept;
  [[nodiscard]] const arena& first() const noexcept {
    return parts_[0].load(std::memory_order_acquire)->memory;
  }

  /// Room in the first arena that has any, a new one if it must be; then evicted memory is waited for. What
  /// comes out is named by a handle.
  status reserve(std::uint64_t length, const deadline& until, reservation& out) noexcept;
  void abandon(std::uint64_t handle) noexcept;
  ticket publish(const reservation& room, type_id type) noexcept;
  status adopt(const resident& object, type_id type, ticket& out) noexcept;
  /// Null if there is no memory for it.
  [[nodiscard]] std::pmr::memory_resource* resource() noexcept;
  void give_back(std::uint64_t handle) noexcept;

  // As in `blocks`, for tickets from anywhere. `evict` with patience ticks, too; without it no owner is
  // released inside, since callers may hold locks.

  [[nodiscard]] bool in_bounds(const ticket& object) const noexcept;
  status evict(const ticket& object, const deadline* patience = nullptr) noexcept;
  status pin(const ticket& object, byte_view& payload) noexcept;
  void unpin(const ticket& object) noexcept { part_of(object.arena_index())->objects.unpin(object); }
  [[nodiscard]] bool lent(const ticket& object) const noexcept {
    return part_of(object.arena_index())->objects.lent(object.slot);
  }
  void tick() noexcept;
  [[nodiscard]] bool waits_to_release() const noexcept;
  void end_lent() noexcept;
  void shut() noexcept;
  void close_resource() noexcept;
  /// Keeps all of it for the life of the process: the fabric may still read it.
  static void leak(boost::intrusive_ptr<arenas> memory) noexcept;

  /// Gives a live object of ours to `where`, for good under a pin if it wants a view, else as a copy.
  status show(const ticket& object, landing& where) noexcept;

  /// Of what is copied or born here; what lies elsewhere has no limit.
  [[nodiscard]] std::uint64_t largest_object_bytes() const noexcept;
  void collect(metrics& m) const noexcept;

  /// Whether this is a forked child's copy: its memory is not there.
  [[nodiscard]] bool forked() const noexcept { return detail::fork_epoch() != epoch_; }

 private:
  struct part {
    part(std::uint64_t incarnation, const options& how, std::uint32_t index, std::unique_ptr<arena> made,
         pin_segment* views);

    const std::unique_ptr<arena> owned;
    arena& memory;
    blocks objects;
  };

  /// Null if there is no such arena.
  [[nodiscard]] part* part_of(std::uint32_t index) const noexcept {
    return index < count_.load(std::memory_order_acquire) ? parts_[index].load(std::memory_order_acquire)
                                                          : nullptr;
  }
  [[nodiscard]] static std::uint64_t handle_of(std::uint32_t index, std::uint32_t slot) noexcept {
    return std::uint64_t{index} << 32U | slot;
  }
  status add(std::uint64_t bytes) noexcept;
  [[nodiscard]] bool may_grow() const noexcept;
  status grow(std::uint64_t length, std::uint32_t count_seen) noexcept;
  status try_all(std::uint64_t length, const deadline& each, reservation& out) noexcept;
  static void end_view(void* context, std::uint64_t token) noexcept;

  const std::uint64_t incarnation_;
  const std::uint64_t epoch_ = detail::fork_epoch();
  options options_;
  pin_segment pins_;
  std::mutex growing_;
  std::uint64_t bytes_ = 0;  // of all arenas, for objects
  std::array<std::atomic<part*>, segment_header::max_arenas> parts_{};
  std::atomic<std::uint32_t> count_{0};
  std::atomic<arena_resource*> resource_{nullptr};
  std::atomic<std::uint64_t> views_{0};
};

using arenas_ptr = boost::intrusive_ptr<arenas>;

}  // namespace farhold::rma
