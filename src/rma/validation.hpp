// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <farhold/connector.hpp>
#include <farhold/rma.hpp>

#include "clock.hpp"
#include "mapping.hpp"
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
  std::uint64_t grace_ns = 0;             ///< of the producer: each may have its own
  clock time;

  [[nodiscard]] read_rules with_grace(std::uint64_t producers_ns) const noexcept {
    read_rules rules = *this;
    rules.grace_ns = producers_ns;
    return rules;
  }
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

/// Bytes of a producer's segment, and where they are to land.
struct piece {
  std::uint64_t offset = 0;
  std::byte* to = nullptr;
  std::uint64_t size_bytes = 0;
  byte_span rest;  ///< where the bytes behind them are to land, in the same read

  [[nodiscard]] bool empty() const noexcept { return size_bytes == 0 && rest.empty(); }
};

/// Shows an object in a mapped arena, under a pin. `unsupported` if it cannot be pinned: then copy.
status show_mapped(byte_view block, const ticket& object, mapping& from, landing& where) noexcept;

/// Brings an object whose payload lies outside the arenas. `look(trailer&)` reads its trailer, `read(address,
/// to, bytes)` the producer's memory; both are over when they return.
///
/// The memory may be the user's again, or gone, at any moment after the object's end. No clock takes part:
/// the trailer is read again after the payload, always.
template <class Look, class Read>
status read_elsewhere(const ticket& object, landing& where, read_counters& counters, Look&& look,
                      Read&& read) noexcept {
  trailer found;
  const bool accept = testing::accept_everything.load(std::memory_order_relaxed);
  if (const status s = look(found); !s.ok()) return s;
  if (const status s = compare(found, object); !s.ok() && !accept) return s;
  std::byte* const to = where.prepare_revocable(object.length);
  if (to == nullptr && object.length > 0) return {errc::out_of_memory, 0, "allocate landing memory"};
  status payload;
  if (object.length > 0) payload = read(found.address, to, object.length);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (const status s = look(found); !s.ok()) return s;
  if (accept) [[unlikely]]
    return payload;
  // Memory that could not be read was given back meanwhile, or else the producer is to blame.
  const status again = compare_again(found, object, counters);
  return again.ok() ? payload : again;
}

/// One object brought by one-sided reads, piece after piece: whoever reads them, waiting or not, takes the
/// first from `begin` and hands every piece that has landed to `landed`, until there is no next one.
class validated_read {
 public:
  validated_read() = default;
  validated_read(const validated_read&) = delete;
  validated_read& operator=(const validated_read&) = delete;

  /// The pieces land in memory that the landing owns, in case they come too late.
  status begin(const ticket& object, landing& where, const read_rules& rules, piece& first) noexcept;
  /// For reads that write nothing once they are over: the payload lands where it is to stay, and the trailer
  /// in this.
  status begin_in_place(const ticket& object, landing& where, const read_rules& rules, piece& first) noexcept;
  /// Ok with `next` empty: the object is whole.
  status landed(const read_rules& rules, read_counters& counters, piece& next) noexcept;

 private:
  static constexpr std::uint64_t longest_padding = 7;

  ticket object_;
  std::byte* trailer_at_ = nullptr;
  std::uint64_t began_ = 0;
  bool second_look_ = false;
  std::array<std::byte, longest_padding + sizeof(trailer)> apart_;
};

/// Brings an object by one-sided reads that are over when `read(piece)` returns.
template <class Read>
status read_remote(const ticket& object, landing& where, const read_rules& rules, read_counters& counters,
                   Read&& read) noexcept {
  validated_read steps;
  piece next;
  status s = steps.begin_in_place(object, where, rules, next);
  while (s.ok() && !next.empty()) {
    s = read(next);
    if (s.ok()) s = steps.landed(rules, counters, next);
  }
  return s;
}

}  // namespace farhold::rma
