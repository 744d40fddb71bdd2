// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "blocks.hpp"

#include <algorithm>
#include <new>

#include <sys/mman.h>

#include "trailer.hpp"

namespace farhold::rma {

namespace {

/// One block record per smallest block (one granule of payload, one of trailer), within reason: address space
/// for slots is reserved, not used.
std::uint32_t count_slots(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t smallest = allocator::granule_bytes + sizeof(trailer);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(bytes / smallest, 64, std::uint64_t{1} << 22U));
}

/// A grace period such as nanoseconds::max() means "never" to its author and must not overflow.
constexpr std::chrono::nanoseconds longest_grace = std::chrono::hours(24 * 365);

}  // namespace

blocks::blocks(byte_span memory, std::uint64_t header_bytes, std::uint64_t incarnation,
               std::chrono::nanoseconds grace, clock time)
    : memory_(memory),
      header_bytes_(header_bytes),
      incarnation_(incarnation),
      grace_ns_(static_cast<std::uint64_t>(std::min(grace, longest_grace).count())),
      clock_(time),
      slot_count_(count_slots(memory.size())),
      allocator_(header_bytes, memory.size(), slot_count_) {
  void* const at = ::mmap(nullptr, slot_count_ * sizeof(slot_state), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  // Fresh anonymous pages are zero, which is what a slot that was never used has to be in its atomics; the
  // rest is written before it is read. Constructing millions of slots would commit all their pages.
  slots_ = static_cast<slot_state*>(at);
}

blocks::~blocks() { ::munmap(slots_, slot_count_ * sizeof(slot_state)); }

bool blocks::in_bounds(const ticket& object) const noexcept {
  if (object.arena != 0 || object.offset < header_bytes_ || object.offset % allocator::granule_bytes != 0)
    return false;
  if (object.offset > memory_.size() || object.length > memory_.size()) return false;
  return block_bytes(object.length) <= memory_.size() - object.offset;
}

status blocks::reserve(std::uint64_t length, std::chrono::nanoseconds timeout, std::uint32_t& slot,
                       byte_span& out) noexcept {
  if (length > memory_.size())
    return {errc::out_of_memory, 0, "find room: the object is larger than the whole arena"};
  std::unique_lock lock(mutex_);
  reclaim();
  std::uint32_t block = allocator_.allocate(block_bytes(length));
  if (block == allocator::none && retired_first_ != allocator::none) {
    // Memory of evicted objects comes back after the grace period. Pins may hold it longer; for those
    // nobody knows how long, so that one grace period is all that is waited.
    const deadline until(
        std::min(timeout, std::chrono::nanoseconds(grace_ns_) + std::chrono::milliseconds(1)));
    ++waiters_;
    do {
      unpinned_.wait_until(lock,
                           std::min(until.time(), std::chrono::steady_clock::now() + until_next_reclaim()));
      reclaim();
      block = allocator_.allocate(block_bytes(length));
    } while (block == allocator::none && retired_first_ != allocator::none && !until.passed());
    --waiters_;
  }
  if (block == allocator::none) return {errc::out_of_memory, 0, "find room: the arena is full"};
  slots_[block].offset = allocator_.offset(block);
  slot = block;
  out = memory_.subspan(slots_[block].offset, length);
  return {};
}

void blocks::abandon(std::uint32_t slot) noexcept {
  const std::scoped_lock lock(mutex_);
  allocator_.release(slot);  // no ticket was given out: no reader can look there
}

ticket blocks::publish(std::uint32_t slot, std::uint64_t length, type_id type) noexcept {
  slot_state& s = slots_[slot];
  ticket object;
  object.incarnation = incarnation_;
  object.generation = last_generation_.fetch_add(1, std::memory_order_relaxed) + 1;
  object.offset = s.offset;
  object.slot = slot;
  object.length = length;
  object.type = type;
  s.length = length;
  s.type = type.value;
  publish_trailer(memory_.data() + s.offset + trailer_offset(length), object);
  s.generation.store(object.generation, std::memory_order_seq_cst);
  return object;
}

status blocks::evict(const ticket& object) noexcept {
  // Under a pin, which compares all of the ticket with what it is about to end: it may come from anywhere.
  byte_view payload;
  if (const status mismatch = pin(object, payload); !mismatch.ok()) return mismatch;
  slot_state& s = slots_[object.slot];
  std::uint64_t expected = object.generation;
  const bool first = s.generation.compare_exchange_strong(expected, 0, std::memory_order_seq_cst);
  unpin(object);  // whoever ended the object has its slot to himself until it is retired
  if (!first) return {errc::stale, 0, "evict: the object was evicted before"};
  clear_trailer(memory_.data() + s.offset + trailer_offset(s.length));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The clock is read after the trailer is seen to be gone by everybody: no read that began later than
  // this moment can find the object alive.
  s.evicted_at = clock_.now();
  evicted_.fetch_add(1, std::memory_order_relaxed);
  retire(object.slot);
  return {};
}

void blocks::retire(std::uint32_t slot) noexcept {
  const std::scoped_lock lock(mutex_);
  slots_[slot].next = allocator::none;
  if (retired_last_ == allocator::none) {
    retired_first_ = slot;
  } else {
    slots_[retired_last_].next = slot;
  }
  retired_last_ = slot;
}

/// Gives back what was evicted a grace period ago and is not pinned.
void blocks::reclaim() noexcept {
  if (retired_first_ == allocator::none) return;
  const std::uint64_t now = clock_.now();
  std::uint32_t before = allocator::none;
  for (std::uint32_t slot = retired_first_; slot != allocator::none;) {
    slot_state& s = slots_[slot];
    const std::uint32_t next = s.next;
    if (now < s.evicted_at || now - s.evicted_at < grace_ns_) break;  // the list is in order of time
    if (s.pins.load(std::memory_order_seq_cst) != 0) {
      before = slot;
    } else {
      (before == allocator::none ? retired_first_ : slots_[before].next) = next;
      if (retired_last_ == slot) retired_last_ = before;
      allocator_.release(slot);
    }
    slot = next;
  }
}

std::chrono::nanoseconds blocks::until_next_reclaim() const noexcept {
  const std::uint64_t now = clock_.now();
  const std::uint64_t due = slots_[retired_first_].evicted_at + grace_ns_;
  // A pinned block may be due already: look again soon, in case its unpin was missed by a hair.
  return std::max(std::chrono::nanoseconds(due > now ? due - now : 0), std::chrono::nanoseconds(100'000));
}

status blocks::pin(const ticket& object, byte_view& payload) noexcept {
  // Generation 0 is what every slot without an object has, and would match.
  if (object.slot >= slot_count_ || object.generation == 0)
    return {errc::corrupt, 0, "find the object's slot"};
  slot_state& s = slots_[object.slot];
  // Pin first, then look: with evict's clear-then-count in the same total order one of the two sees the
  // other.
  s.pins.fetch_add(1, std::memory_order_seq_cst);
  if (s.generation.load(std::memory_order_seq_cst) != object.generation) {
    unpin(object);
    return {errc::stale, 0, "compare the object's generation"};
  }
  if (object.incarnation != incarnation_ || object.offset != s.offset || object.length != s.length ||
      object.type.value != s.type) {
    unpin(object);
    return {errc::corrupt, 0, "compare the ticket with the object"};
  }
  payload = memory_.subspan(s.offset, s.length);
  return {};
}

void blocks::unpin(const ticket& object) noexcept {
  slots_[object.slot].pins.fetch_sub(1, std::memory_order_seq_cst);
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  const std::scoped_lock lock(mutex_);
  unpinned_.notify_all();
}

bool blocks::any_pinned() const noexcept {
  const std::uint32_t used = allocator_.block_count();
  return std::any_of(slots_, slots_ + used, [](const slot_state& s) { return s.pins.load() != 0; });
}

bool blocks::wait_unpinned(const deadline& until) noexcept {
  std::unique_lock lock(mutex_);
  ++waiters_;
  bool pinned = any_pinned();
  while (pinned && !until.passed()) {
    unpinned_.wait_until(lock, until.time());
    pinned = any_pinned();
  }
  --waiters_;
  return !pinned;
}

}  // namespace farhold::rma
