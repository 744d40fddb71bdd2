// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace farhold::rma {

/// One arena of a producer, as its first arena's header lists it.
struct segment_entry {
  std::uint64_t base_address = 0;   ///< in the producer, for process_vm_readv
  std::uint64_t segment_bytes = 0;  ///< header included
  std::int32_t fd = -1;             ///< in the producer, for /proc/PID/fd
  std::uint32_t reserved = 0;
};

/// What stands at the start of every segment, so that nobody takes another file for it, and tells readers on
/// the same host where the producer's other segments are.
///
/// Written by the producer alone, which is the only one that can. `incarnation` becomes 0 when the store is
/// closed. `arena_count` and `arenas` are of the first arena's header and of no other; an entry is written
/// before the count that includes it, and never again.
struct segment_header {
  static constexpr std::uint64_t magic_value = 0x314E455241524846;  // "FHRAREN1"
  static constexpr std::uint32_t max_arenas = 64;

  std::uint64_t magic = magic_value;
  std::uint64_t incarnation = 0;
  std::uint64_t segment_bytes = 0;
  std::uint32_t index = 0;  ///< of this arena
  std::uint32_t arena_count = 1;
  std::int32_t pins_fd = -1;  ///< of the segment for pins (pins.hpp); below 0: none
  std::uint32_t reserved = 0;
  std::array<segment_entry, max_arenas> arenas{};
};

/// A word of a header that changes while others read it.
template <class Word>
Word load_shared(const Word& word) noexcept {
  // Readers map the header read-only; atomic_ref needs a type without const, and loads do not write.
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_acquire);
}
template <class Word>
void store_shared(Word& word, Word value) noexcept {
  std::atomic_ref<Word>(word).store(value, std::memory_order_seq_cst);
}

}  // namespace farhold::rma
