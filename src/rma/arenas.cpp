// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "arenas.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include <farhold/detail/process_mutex.hpp>

#include "arena_resource.hpp"
#include "trailer.hpp"

namespace farhold::rma {

arenas::part::part(std::uint64_t incarnation, const options& how, std::uint32_t index,
                   std::unique_ptr<arena> made, pin_segment* views)
    : owned(std::move(made)),
      memory(*owned),
      objects(memory.memory(), arena::header_bytes, incarnation, how.grace, how.time, index, views) {}

arenas::~arenas() {
  if (forked()) return;
  shut();
  for (auto& p : parts_) delete p.load(std::memory_order_relaxed);
}

status arenas::open(const options& how) noexcept try {
  options_ = how;
  const bool can_be_pinned = pins_.create(incarnation_).ok();
  const std::scoped_lock lock(growing_);
  if (const status s = add(how.arena_bytes); !s.ok()) return s;
  // Without a segment for pins there are no views from other processes, only copies.
  if (can_be_pinned) store_shared(first().header().pins_fd, pins_.fd());
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "allocate the arena's tables"};
}

// ---- growing

/// Makes one more arena and lists it where readers look.
status arenas::add(std::uint64_t bytes) noexcept try {
  const std::uint32_t index = count_.load(std::memory_order_relaxed);
  auto made = std::make_unique<arena>();
  if (const status s = made->create(bytes, incarnation_, index); !s.ok()) return s;
  auto fresh = std::make_unique<part>(incarnation_, options_, index, std::move(made), &pins_);
  bytes_ += fresh->memory.memory().size() - arena::header_bytes;
  segment_header& listed = index == 0 ? fresh->memory.header() : first().header();
  listed.arenas[index] = fresh->memory.entry();
  parts_[index].store(fresh.release(), std::memory_order_release);
  // For readers first: as soon as it counts here, there may be objects in it.
  store_shared(listed.arena_count, index + 1);
  count_.store(index + 1, std::memory_order_release);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "allocate the arena's tables"};
}

bool arenas::may_grow() const noexcept { return options_.arena_limit_bytes > options_.arena_bytes; }

/// Makes room for a payload of `length` bytes, unless somebody else has made some since `count_seen`.
status arenas::grow(std::uint64_t length, std::uint32_t count_seen) noexcept {
  const std::scoped_lock lock(growing_);
  if (count_.load(std::memory_order_relaxed) != count_seen) return {};
  constexpr status full{errc::out_of_memory, 0, "find room: all arenas up to arena_limit_bytes are full"};
  const std::uint64_t limit = options_.arena_limit_bytes;
  const std::uint64_t left = limit - std::min(limit, bytes_);
  if (count_seen == segment_header::max_arenas || length > left || block_bytes(length) > left) return full;
  // As much again as there is, so that the table of arenas is never full.
  const std::uint64_t wanted = std::min(std::max(bytes_, block_bytes(length)), left);
  const status s = add(wanted);
  return s.code == errc::out_of_memory && wanted > block_bytes(length) ? add(block_bytes(length)) : s;
}

// ---- room

status arenas::try_all(std::uint64_t length, const deadline& each, reservation& out) noexcept {
  status s{errc::out_of_memory, 0, "find room: there is no arena"};
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t slot = 0;
    s = part_of(i)->objects.reserve(length, each, slot, out.memory);
    if (s.ok()) {
      out.handle = handle_of(i, slot);
      return s;
    }
  }
  return s;
}

status arenas::reserve(std::uint64_t length, const deadline& until, reservation& out) noexcept {
  if (!may_grow()) return try_all(length, until, out);
  for (;;) {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    const status tried = try_all(length, deadline(), out);
    if (tried.code != errc::out_of_memory) return tried;
    const status grown = grow(length, count);
    if (grown.ok()) continue;
    // A millisecond in each arena in turn, for one grace period as with a single one.
    const deadline grace_over(options_.grace + std::chrono::milliseconds(1));
    while (!until.passed() && !grace_over.passed()) {
      constexpr std::chrono::nanoseconds turn = std::chrono::milliseconds(1);
      if (const status s = try_all(length, deadline(std::min(turn, until.left())), out); s.ok()) return s;
    }
    return grown;
  }
}

void arenas::abandon(std::uint64_t handle) noexcept {
  part_of(static_cast<std::uint32_t>(handle >> 32U))->objects.abandon(static_cast<std::uint32_t>(handle));
}

void arenas::give_back(std::uint64_t handle) noexcept {
  part_of(static_cast<std::uint32_t>(handle >> 32U))->objects.give_back(static_cast<std::uint32_t>(handle));
}

// ---- publishing

ticket arenas::publish(const reservation& room, type_id type) noexcept {
  part* const p = part_of(static_cast<std::uint32_t>(room.handle >> 32U));
  return p->objects.publish(static_cast<std::uint32_t>(room.handle), room.memory.size(), type);
}

status arenas::adopt(const resident& object, type_id type, ticket& out) noexcept {
  arena_resource* const born = resource_.load(std::memory_order_acquire);
  std::uint64_t handle = 0;
  // Lent memory is wanted back sooner than a fabric that exposes the arena allows.
  if (born != nullptr && object.born && !object.lent && born->find(object.memory, handle)) {
    part* const p = part_of(static_cast<std::uint32_t>(handle >> 32U));
    const status s = p->objects.publish_in_place(static_cast<std::uint32_t>(handle), object, type, out);
    if (s.code != errc::invalid_argument) return s;
  }
  for (;;) {
    const std::uint32_t count = count_.load(std::memory_order_acquire);
    status s;
    for (std::uint32_t i = 0; i < count; ++i) {
      s = part_of(i)->objects.publish_elsewhere(object, type, out);
      if (s.code != errc::out_of_memory) return s;
    }
    if (!may_grow() || !grow(0, count).ok()) return s;
  }
}

std::pmr::memory_resource* arenas::resource() noexcept {
  if (auto* const there = resource_.load(std::memory_order_acquire)) return there;
  const std::scoped_lock lock(growing_);
  if (resource_.load(std::memory_order_relaxed) == nullptr)
    resource_.store(arena_resource::make(*this), std::memory_order_release);
  return resource_.load(std::memory_order_relaxed);
}

void arenas::leak(arenas_ptr memory) noexcept {
  memory->close_resource();
  struct remains {
    arenas_ptr memory;
    std::vector<const void*> owners;
  };
  // Where leak checkers still find them.
  static auto* const guard = new detail::process_mutex;
  static auto* const kept = new std::vector<remains>;
  try {
    remains all{memory, {}};
    const std::uint32_t count = memory->count_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i) memory->part_of(i)->objects.list_owners(all.owners);
    const std::scoped_lock lock(*guard);
    kept->push_back(std::move(all));
  } catch (const std::bad_alloc&) {
    static_cast<void>(memory.detach());
  }
}

void arenas::close_resource() noexcept {
  if (auto* const there = resource_.load(std::memory_order_acquire)) there->close();
}

// ---- objects

bool arenas::in_bounds(const ticket& object) const noexcept {
  const part* const p = part_of(object.arena_index());
  return p != nullptr && p->objects.in_bounds(object);
}

status arenas::evict(const ticket& object, const deadline* patience) noexcept {
  part* const p = part_of(object.arena_index());
  if (p == nullptr) return {errc::corrupt, 0, "find the object's arena"};
  const status s = p->objects.evict(object, patience);
  if (patience != nullptr) tick();
  return s;
}

status arenas::pin(const ticket& object, byte_view& payload) noexcept {
  part* const p = part_of(object.arena_index());
  if (p == nullptr) return {errc::corrupt, 0, "find the object's arena"};
  return p->objects.pin(object, payload);
}

status arenas::show(const ticket& object, landing& where) noexcept {
  byte_view payload;
  if (const status s = pin(object, payload); !s.ok()) return s;
  if (where.wants_view() && !lent(object)) {  // a lender does not wait for views
    views_.fetch_add(1, std::memory_order_relaxed);
    intrusive_ptr_add_ref(this);
    where.show(payload, {&arenas::end_view, this, handle_of(object.arena_index(), object.slot)});
    return {};
  }
  const status s = where.fill(payload);
  unpin(object);
  tick();
  return s;
}

void arenas::end_view(void* context, std::uint64_t token) noexcept {
  auto* const self = static_cast<arenas*>(context);
  if (self->forked()) return;
  self->part_of(static_cast<std::uint32_t>(token >> 32U))->objects.unpin(static_cast<std::uint32_t>(token));
  self->views_.fetch_sub(1, std::memory_order_relaxed);
  self->tick();
  intrusive_ptr_release(self);
}

void arenas::tick() noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) part_of(i)->objects.tick();
}

bool arenas::waits_to_release() const noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (part_of(i)->objects.waits_to_release()) return true;
  }
  return false;
}

void arenas::end_lent() noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) part_of(i)->objects.end_residents(true);
}

void arenas::shut() noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  // Readers on the same host that are not of the fabric find the store closed from here on.
  if (count > 0) store_shared(first().header().incarnation, std::uint64_t{0});
  for (std::uint32_t i = 0; i < count; ++i) part_of(i)->objects.shut();
}

std::uint64_t arenas::largest_object_bytes() const noexcept {
  const std::uint64_t first_bytes = first().memory().size() - arena::header_bytes;
  const std::uint64_t limit = std::max(options_.arena_limit_bytes, first_bytes);
  const std::uint64_t room = std::max(options_.arena_bytes, limit - first_bytes);
  return room - std::min(room, sizeof(trailer));
}

void arenas::collect(metrics& m) const noexcept {
  const std::uint32_t count = count_.load(std::memory_order_acquire);
  m.arenas += count;
  m.pins_held += views_.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < count; ++i) part_of(i)->objects.collect(m);
}

}  // namespace farhold::rma
