// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "validation.hpp"

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

}  // namespace farhold::rma
