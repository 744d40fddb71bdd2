// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "card.hpp"
#include "segment.hpp"

namespace farhold::rma {

/// A large block of shared memory, from which a producer carves its objects. Registered once, for life.
///
/// A memfd, sealed against shrinking, growing and any new writable mapping, so that readers can map it
/// without fear of SIGBUS and no other process can ever write into it. It leaves nothing behind on a kill.
/// Not inherited by forked children (MADV_DONTFORK). In huge pages where the host gives any.
///
/// Lifetime  Owns the mapping and the file descriptor. `leak` gives both up for the life of the process.
class arena {
 public:
  /// Bytes at the front of the segment that hold the header.
  static constexpr std::uint64_t header_bytes = 4096;
  static_assert(sizeof(segment_header) <= header_bytes);

  arena() = default;
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena();

  /// Makes a segment with room for `bytes` of objects. `out_of_memory` if the host cannot back it.
  status create(std::uint64_t bytes, std::uint64_t incarnation, std::uint32_t index = 0) noexcept;
  void leak() noexcept;

  /// The whole segment, header included. Offsets in tickets count from its start.
  [[nodiscard]] byte_span memory() const noexcept { return memory_; }
  [[nodiscard]] segment_header& header() const noexcept {
    return *reinterpret_cast<segment_header*>(memory_.data());
  }
  /// What other processes need to read it.
  [[nodiscard]] const card& description() const noexcept { return card_; }
  [[nodiscard]] segment_entry entry() const noexcept {
    return {.base_address = card_.base_address, .segment_bytes = card_.segment_bytes, .fd = card_.fd};
  }

 private:
  byte_span memory_;
  int fd_ = -1;
  card card_;
};

}  // namespace farhold::rma
