// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "blocks.hpp"

#include <algorithm>
#include <new>
#include <utility>

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

/// Generations are never used twice in one store: each arena has 2^48 of its own.
constexpr unsigned generations_per_arena_bits = 48;

}  // namespace

blocks::blocks(byte_span memory, std::uint64_t header_bytes, std::uint64_t incarnation,
               std::chrono::nanoseconds grace, clock time, std::uint32_t index, pin_segment* views)
    : memory_(memory),
      header_bytes_(header_bytes),
      incarnation_(incarnation),
      grace_ns_(static_cast<std::uint64_t>(std::min(grace, longest_grace).count())),
      clock_(time),
      index_(index),
      views_(views),
      slot_count_(count_slots(memory.size())),
      allocator_(header_bytes, memory.size(), slot_count_),
      last_generation_(static_cast<std::uint64_t>(index) << generations_per_arena_bits) {
  void* const at = ::mmap(nullptr, slot_count_ * sizeof(slot_state), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  // Fresh anonymous pages are zero, which is what a slot that was never used has to be in its atomics; the
  // rest is written before it is read. Constructing millions of slots would commit all their pages.
  slots_ = static_cast<slot_state*>(at);
}

blocks::~blocks() { ::munmap(slots_, slot_count_ * sizeof(slot_state)); }

bool blocks::in_bounds(const ticket& object) const noexcept {
  return object.arena_index() == index_ && lies_within(object, header_bytes_, memory_.size());
}

// ---- room

status blocks::reserve(std::uint64_t length, const deadline& until, std::uint32_t& slot,
                       byte_span& out) noexcept {
  if (length > memory_.size())
    return {errc::out_of_memory, 0, "find room: the object is larger than the whole arena"};
  std::unique_lock lock(mutex_);
  left_over rest = reclaim();
  const auto let_go = [&] {  // an owner may want a lock of its own, or ours
    if (rest.owners == nullptr && rest.views == nullptr) return;
    lock.unlock();
    settle(std::exchange(rest, {}));
    lock.lock();
  };
  let_go();
  std::uint32_t block = allocator_.allocate(block_bytes(length));
  if (block == allocator::none && retired_first_ != allocator::none) {
    // Memory of evicted objects comes back after the grace period. Pins may hold it longer; for those
    // nobody knows how long, so that one grace period is all that is waited.
    const deadline grace_over(std::chrono::nanoseconds(grace_ns_) + std::chrono::milliseconds(1));
    const auto latest = std::min(until.time(), grace_over.time());
    ++waiters_;
    do {
      unpinned_.wait_until(lock, std::min(latest, std::chrono::steady_clock::now() + until_next_reclaim()));
      rest = reclaim();
      let_go();
      block = allocator_.allocate(block_bytes(length));
    } while (block == allocator::none && retired_first_ != allocator::none && !until.passed() &&
             !grace_over.passed());
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

// ---- publishing

ticket blocks::describe(std::uint32_t slot, std::uint64_t generation) const noexcept {
  const slot_state& s = slots_[slot];
  return {.incarnation = incarnation_,
          .generation = generation,
          .offset = s.offset,
          .arena = index_ | (s.elsewhere ? ticket::elsewhere_bit : 0),
          .slot = slot,
          .length = s.length,
          .type = {s.type}};
}

ticket blocks::show(std::uint32_t slot, std::uint64_t length, type_id type, residence* home,
                    bool elsewhere) noexcept {
  slot_state& s = slots_[slot];
  s.length = length;
  s.type = type.value;
  s.home = home;
  s.elsewhere = elsewhere;
  s.lent = home != nullptr && home->what.lent;
  s.taken = true;
  if (home != nullptr) (s.lent ? lent_bytes_ : adopted_bytes_).fetch_add(length, std::memory_order_relaxed);
  const ticket object = describe(slot, last_generation_.fetch_add(1, std::memory_order_relaxed) + 1);
  publish_trailer(memory_.data() + trailer_place(object), object,
                  elsewhere ? home->what.memory.data() : nullptr);
  s.generation.store(object.generation, std::memory_order_seq_cst);
  return object;
}

ticket blocks::publish(std::uint32_t slot, std::uint64_t length, type_id type) noexcept {
  return show(slot, length, type, nullptr, false);
}

status blocks::publish_elsewhere(const resident& object, type_id type, ticket& out) noexcept {
  auto* const home = new (std::nothrow) residence{object};
  if (home == nullptr) return {errc::out_of_memory, 0, "remember memory that is adopted"};
  std::uint32_t slot = 0;
  byte_span nothing;
  if (const status s = reserve(0, deadline(), slot, nothing); !s.ok()) {
    delete home;
    return s;
  }
  out = show(slot, object.memory.size(), type, home, true);
  return {};
}

status blocks::publish_in_place(std::uint32_t slot, const resident& object, type_id type,
                                ticket& out) noexcept {
  auto* const home = new (std::nothrow) residence{object};
  if (home == nullptr) return {errc::out_of_memory, 0, "remember memory that is adopted"};
  {
    const std::scoped_lock lock(mutex_);
    if (slots_[slot].taken) {
      delete home;
      return {errc::invalid_argument, 0, "publish memory in place: it is published already"};
    }
    slots_[slot].born = true;
    slots_[slot].taken = true;
  }
  out = show(slot, object.memory.size(), type, home, false);
  return {};
}

void blocks::give_back(std::uint32_t slot) noexcept {
  slot_state& s = slots_[slot];
  {
    const std::scoped_lock lock(mutex_);
    if (!s.taken) {
      s.born = false;
      return allocator_.release(slot);
    }
    s.given_back = true;
    if (end(slot, s.generation.load(std::memory_order_seq_cst))) retire(slot);
  }
  tick();
}

// ---- ending

/// Of two that end an object one succeeds. Whoever does has its slot to himself until it is retired.
bool blocks::end(std::uint32_t slot, std::uint64_t generation) noexcept {
  slot_state& s = slots_[slot];
  std::uint64_t expected = generation;
  if (generation == 0 || !s.generation.compare_exchange_strong(expected, 0, std::memory_order_seq_cst))
    return false;
  clear_trailer(memory_.data() + trailer_place(describe(slot, generation)));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The clock is read after the trailer is seen to be gone by everybody: no read that began later than
  // this moment can find the object alive.
  s.evicted_at = clock_.now();
  evicted_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

status blocks::evict(const ticket& object, const deadline* patience) noexcept {
  // Under a pin, which compares all of the ticket with what it is about to end: it may come from anywhere.
  byte_view payload;
  if (const status mismatch = pin(object, payload); !mismatch.ok()) return mismatch;
  const bool first = end(object.slot, object.generation);
  const bool wait = first && patience != nullptr && slots_[object.slot].lent;
  unpin(object);
  if (!first) return {errc::stale, 0, "evict: the object was evicted before"};
  {
    const std::scoped_lock lock(mutex_);
    slots_[object.slot].awaited = wait;
    retire(object.slot);
  }
  return wait ? wait_for_lent(object.slot, *patience) : status{};
}

/// Lent memory needs no grace period: no fabric reads it, and those who do look at the trailer afterwards.
status blocks::wait_for_lent(std::uint32_t slot, const deadline& until) noexcept {
  slot_state& s = slots_[slot];
  residence* done = nullptr;
  {
    std::unique_lock lock(mutex_);
    ++waiters_;
    // One look decides: whoever comes with an old ticket pins for a moment, finds the object ended and looks
    // at nothing.
    bool pinned = s.pins.load(std::memory_order_seq_cst) != 0;
    while (pinned && !until.passed()) {
      constexpr std::chrono::milliseconds look_at_stop{10};
      unpinned_.wait_for(lock, std::min<std::chrono::nanoseconds>(until.left(), look_at_stop));
      pinned = s.pins.load(std::memory_order_seq_cst) != 0;
    }
    --waiters_;
    s.awaited = false;
    if (pinned) return until.outcome("wait for readers of lent memory");
    take_home(s, done);
  }
  release(done);
  return {};
}

void blocks::retire(std::uint32_t slot) noexcept {
  slots_[slot].next = allocator::none;
  if (retired_last_ == allocator::none) {
    retired_first_ = slot;
  } else {
    slots_[retired_last_].next = slot;
  }
  retired_last_ = slot;
  if (slots_[slot].home == nullptr) return;
  ending_.fetch_add(1, std::memory_order_relaxed);
  if (slots_[slot].lent) ++ending_lent_;
}

// ---- giving back

void blocks::take_home(slot_state& s, residence*& list) noexcept {
  if (s.home == nullptr) return;
  if (s.lent) --ending_lent_;
  s.home->next = list;
  list = std::exchange(s.home, nullptr);
}

void blocks::settle(const left_over& rest) noexcept {
  release(rest.owners);
  if (rest.views != nullptr) rest.views->reap();
}

/// Counts afterwards: whoever sees that nothing is adopted any more may end what owners' memory came from.
void blocks::release(residence* list) noexcept {
  while (list != nullptr) {
    const residence* const one = std::exchange(list, list->next);
    const resident& what = one->what;
    if (what.release != nullptr) what.release(what.owner);
    (what.lent ? lent_bytes_ : adopted_bytes_).fetch_sub(what.memory.size(), std::memory_order_release);
    ending_.fetch_sub(1, std::memory_order_relaxed);
    delete one;
  }
}

/// Whether another process looks at the block under a pin. Asks all of them, once per `reclaim`.
bool blocks::in_view(std::uint32_t slot, bool& asked) noexcept {
  const slot_state& s = slots_[slot];
  if (views_ == nullptr || s.elsewhere) return false;
  if (!asked) {
    if (!views_->collect(in_view_)) return true;
    asked = true;
  }
  if (in_view_.empty()) return false;
  // Its generation is cleared, but the inverted one still stands in the trailer.
  const ticket was = describe(slot, 0);
  const std::uint64_t generation = ~load_trailer(memory_.data() + trailer_place(was)).inverted;
  return std::binary_search(in_view_.begin(), in_view_.end(), generation);
}

/// Gives back what was evicted a grace period ago and is not pinned.
blocks::left_over blocks::reclaim() noexcept {
  left_over rest;
  if (retired_first_ == allocator::none) return rest;
  const std::uint64_t now = clock_.now();
  bool asked = false;
  bool looked_at = false;
  std::uint32_t before = allocator::none;
  for (std::uint32_t slot = retired_first_; slot != allocator::none;) {
    slot_state& s = slots_[slot];
    const std::uint32_t next = s.next;
    const bool due = now >= s.evicted_at && now - s.evicted_at >= grace_ns_;
    // The list is in order of time. Only lent memory comes back sooner.
    if (!due && ending_lent_ == 0) break;
    const bool pinned = s.pins.load(std::memory_order_seq_cst) != 0;
    if (s.lent && !pinned && !s.awaited) take_home(s, rest.owners);
    const bool keep = !due || pinned || s.awaited || in_view(slot, asked);
    looked_at |= keep && due && !pinned && !s.awaited;
    if (keep) {
      before = slot;
    } else {
      (before == allocator::none ? retired_first_ : slots_[before].next) = next;
      if (retired_last_ == slot) retired_last_ = before;
      take_home(s, rest.owners);
      s.taken = false;
      if (!s.born || s.given_back) {
        s.born = s.given_back = false;
        allocator_.release(slot);
      }
    }
    slot = next;
  }
  if (looked_at && views_->reap_is_due()) rest.views = views_;  // whoever looks may have ended
  return rest;
}

void blocks::reclaim_now() noexcept {
  left_over rest;
  {
    const std::scoped_lock lock(mutex_);
    rest = reclaim();
  }
  settle(rest);
}

void blocks::end_residents(bool lent_only) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    for (std::uint32_t slot = 0; slot < allocator_.block_count(); ++slot) {
      const slot_state& s = slots_[slot];
      const std::uint64_t generation = s.generation.load(std::memory_order_seq_cst);
      // What has a generation is not reclaimed before it is retired, for which the mutex is needed.
      if (generation == 0 || s.home == nullptr || (lent_only && !s.lent)) continue;
      if (end(slot, generation)) retire(slot);
    }
  }
  tick();
}

void blocks::shut() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    grace_ns_ = 0;
    views_ = nullptr;  // views of other processes have mappings of their own, and nothing is written here
  }
  end_residents(false);
}

void blocks::list_owners(std::vector<const void*>& out) const {
  const std::scoped_lock lock(mutex_);
  for (std::uint32_t slot = 0; slot < allocator_.block_count(); ++slot) {
    if (slots_[slot].home != nullptr) out.push_back(slots_[slot].home);
  }
}

std::chrono::nanoseconds blocks::until_next_reclaim() const noexcept {
  const std::uint64_t now = clock_.now();
  const std::uint64_t due = slots_[retired_first_].evicted_at + grace_ns_;
  // A pinned block may be due already: look again soon, in case its unpin was missed by a hair.
  return std::max(std::chrono::nanoseconds(due > now ? due - now : 0), std::chrono::nanoseconds(100'000));
}

// ---- pins

status blocks::pin(const ticket& object, byte_view& payload) noexcept {
  // Generation 0 is what every slot without an object has, and would match.
  if (object.slot >= slot_count_ || object.generation == 0)
    return {errc::corrupt, 0, "find the object's slot"};
  slot_state& s = slots_[object.slot];
  // A look before it: old tickets leave no trace, so that nobody who waits for pins waits for them, and
  // whoever asks for slots that hold nothing does not make us commit their memory.
  if (s.generation.load(std::memory_order_relaxed) != object.generation)
    return {errc::stale, 0, "compare the object's generation"};
  // Pin first, then look: with evict's clear-then-count in the same total order one of the two sees the
  // other.
  s.pins.fetch_add(1, std::memory_order_seq_cst);
  if (s.generation.load(std::memory_order_seq_cst) != object.generation) {
    unpin(object);
    return {errc::stale, 0, "compare the object's generation"};
  }
  const ticket mine = describe(object.slot, object.generation);
  if (object.incarnation != incarnation_ || object.arena != mine.arena || object.offset != s.offset ||
      object.length != s.length || object.type.value != s.type) {
    unpin(object);
    return {errc::corrupt, 0, "compare the ticket with the object"};
  }
  payload = s.elsewhere ? s.home->what.memory : byte_view(memory_.subspan(s.offset, s.length));
  return {};
}

void blocks::unpin(std::uint32_t slot) noexcept {
  slots_[slot].pins.fetch_sub(1, std::memory_order_seq_cst);
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

void blocks::collect(metrics& m) const noexcept {
  m.evicted += evicted();
  m.adopted_bytes += adopted_bytes_.load(std::memory_order_acquire);
  m.lent_bytes += lent_bytes_.load(std::memory_order_acquire);
  m.arena_bytes += memory_.size() - header_bytes_;
  const std::scoped_lock lock(mutex_);
  m.arena_used_bytes += memory_.size() - header_bytes_ - allocator_.free_bytes();
}

}  // namespace farhold::rma
