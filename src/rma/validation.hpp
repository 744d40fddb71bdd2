// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>

#include <farhold/connector.hpp>
#include <farhold/rma.hpp>

#include "clock.hpp"
#include "ticket.hpp"
#include "trailer.hpp"

// The argument that these functions rest on is written in docs/design/validation.md.

namespace farhold::rma {

/// What reads met. Counted on every path, shown in `metrics`.
struct read_counters {
  std::atomic<std::uint64_t> reused_during_read{0};
  std::atomic<std::uint64_t> second_looks{0};
};

struct read_rules {
  validation mode = validation::recheck;  ///< `fast` or `recheck`
  std::uint64_t grace_ns = 0;             ///< of the producer
  clock time;
};

namespace testing {
/// Lets every read pass unexamined, so that a test can show that it would find wrong bytes.
extern std::atomic<bool> accept_everything;
}  // namespace testing

/// Copies an object out of memory that its producer may evict and reuse meanwhile. `block` begins at the
/// payload and reaches to the end of the trailer.
status read_mapped(byte_view block, const ticket& object, landing& where, read_counters& counters) noexcept;

/// `compare`, and the bookkeeping of a read that began well and ended badly.
status compare_again(const trailer& found, const ticket& wanted, read_counters& counters) noexcept;

/// Brings an object by one-sided reads. `read(offset, to, bytes)` returns once the bytes have landed, or an
/// error; offsets count from the start of the producer's segment.
template <class Read>
status read_remote(const ticket& object, landing& where, const read_rules& rules, read_counters& counters,
                   Read&& read) noexcept {
  const std::uint64_t behind = trailer_offset(object.length);
  std::byte* const to = where.prepare(object.length, block_bytes(object.length) - object.length);
  if (to == nullptr) return {errc::out_of_memory, 0, "allocate landing memory"};

  // Payload and trailer in one read. The stamps enclose it: began no earlier, ended no later.
  const std::uint64_t began = rules.time.now();
  if (const status s = read(object.offset, to, block_bytes(object.length)); !s.ok()) return s;
  const std::uint64_t ended = rules.time.now();
  if (testing::accept_everything.load(std::memory_order_relaxed)) [[unlikely]]
    return {};

  if (const status s = compare(load_trailer(to + behind), object); !s.ok()) return s;
  // The trailer was seen alive at some moment of the read, so its memory was not reused until a grace
  // period after that moment. A read shorter than half of it ended before.
  if (rules.mode == validation::fast && ended - began < rules.grace_ns / 2) [[likely]]
    return {};

  // Too long to tell by time, or time cannot be trusted: an object that is alive now, after the payload
  // has landed, was alive all the while. The second look lands where the first did, in memory that the
  // landing owns, in case it comes too late.
  counters.second_looks.fetch_add(1, std::memory_order_relaxed);
  if (const status s = read(object.offset + behind, to + behind, sizeof(trailer)); !s.ok()) return s;
  return compare_again(load_trailer(to + behind), object, counters);
}

}  // namespace farhold::rma
