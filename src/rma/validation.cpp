// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "validation.hpp"

#include <utility>

namespace farhold::rma {

std::atomic<bool> testing::accept_everything{false};

status compare_again(const trailer& found, const ticket& wanted, read_counters& counters) noexcept {
  const status s = compare(found, wanted);
  if (!s.ok()) counters.reused_during_read.fetch_add(1, std::memory_order_relaxed);
  return s;
}

/// This copy races with a producer that reuses the block, on purpose. Why what it accepts is whole:
///
/// A producer evicts in the order (1) generation := 0, (2) fence, (3) clock read, (4) at least the grace
/// period later, writes by the block's next owner. If the second look, made after the copy, still finds
/// the generation, then (1) had not reached us, so no write of (4) had either when the copy was made: the
/// stores are in that order by the producer's fence, and our loads are in theirs by the acquire fence
/// between copy and look. No clock of ours takes part.
///
/// The bytes of a copy that lost the race are never looked at. The language calls such a race undefined
/// between threads of one program; here the writer is another process, and objects of this one are read
/// under a pin instead (blocks.hpp).
status read_mapped(byte_view block, const ticket& object, landing& where, read_counters& counters) noexcept {
  const std::byte* const behind = block.data() + trailer_offset(object.length);
  const bool accept = testing::accept_everything.load(std::memory_order_relaxed);
  if (const status s = compare(load_shared_trailer(behind), object); !s.ok() && !accept) return s;
  std::atomic_thread_fence(std::memory_order_acquire);
  if (const status s = where.fill(block.first(object.length)); !s.ok()) return s;
  std::atomic_thread_fence(std::memory_order_acquire);
  if (accept) [[unlikely]]
    return {};
  return compare_again(load_shared_trailer(behind), object, counters);
}

status show_mapped(byte_view block, const ticket& object, mapping& from, landing& where) noexcept {
  pin hold;
  if (!from.pin(object.generation, hold)) return {errc::unsupported, 0, "pin the object"};
  const std::byte* const behind = block.data() + block.size() - sizeof(trailer);
  if (const status s = compare(load_shared_trailer(behind), object);
      !s.ok() && !testing::accept_everything.load(std::memory_order_relaxed)) {
    return s;
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  where.show(block.first(object.length), std::move(hold));
  return {};
}

status validated_read::begin(const ticket& object, landing& where, const read_rules& rules,
                             piece& first) noexcept {
  const std::uint64_t size_bytes = block_bytes(object.length);
  std::byte* const to = where.prepare(object.length, size_bytes - object.length);
  if (to == nullptr) return {errc::out_of_memory, 0, "allocate landing memory"};
  object_ = object;
  trailer_at_ = to + trailer_offset(object.length);
  second_look_ = false;
  // Payload and trailer in one read. The stamps enclose it: began no earlier, ended no later.
  first = {object.offset, to, size_bytes, {}};
  began_ = rules.time.now();
  return {};
}

status validated_read::begin_in_place(const ticket& object, landing& where, const read_rules& rules,
                                      piece& first) noexcept {
  std::byte* const to = where.prepare_revocable(object.length);
  if (to == nullptr && object.length > 0) return {errc::out_of_memory, 0, "allocate landing memory"};
  object_ = object;
  const std::uint64_t padding = trailer_offset(object.length) - object.length;
  trailer_at_ = apart_.data() + padding;
  second_look_ = false;
  first = {object.offset, to, object.length, {apart_.data(), padding + sizeof(trailer)}};
  began_ = rules.time.now();
  return {};
}

status validated_read::landed(const read_rules& rules, read_counters& counters, piece& next) noexcept {
  const std::uint64_t ended = rules.time.now();
  next = {};
  if (testing::accept_everything.load(std::memory_order_relaxed)) [[unlikely]]
    return {};
  const trailer found = load_trailer(trailer_at_);
  if (second_look_) return compare_again(found, object_, counters);

  if (const status s = compare(found, object_); !s.ok()) return s;
  // The trailer was seen alive at some moment of the read, so its memory was not reused until a grace
  // period after that moment. A read shorter than half of it ended before.
  if (rules.mode == validation::fast && ended - began_ < rules.grace_ns / 2) [[likely]]
    return {};

  // Too long to tell by time, or time cannot be trusted: an object that is alive now, after the payload
  // has landed, was alive all the while.
  counters.second_looks.fetch_add(1, std::memory_order_relaxed);
  second_look_ = true;
  next = {trailer_place(object_), trailer_at_, sizeof(trailer), {}};
  return {};
}

}  // namespace farhold::rma
