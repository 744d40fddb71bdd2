// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "ticket.hpp"

namespace farhold::rma {

/// What stands behind every payload in an arena and tells a reader which object it has read.
///
/// Little-endian, 64 bytes, 8-aligned. `generation` is written last and cleared first; `inverted` keeps a
/// torn read of it from being taken for another generation.
struct trailer {
  static constexpr std::uint32_t magic_value = 0x4C524846;  // "FHRL"
  static constexpr std::uint16_t version_value = 1;
  static constexpr std::uint16_t here = 0;       ///< the payload lies before the trailer
  static constexpr std::uint16_t elsewhere = 1;  ///< at `address` in the producer's memory

  std::uint32_t magic = magic_value;
  std::uint16_t version = version_value;
  std::uint16_t state = here;
  std::uint64_t incarnation = 0;
  std::uint64_t generation = 0;
  std::uint64_t inverted = 0;
  std::uint64_t length = 0;
  std::uint64_t type = 0;
  std::uint64_t address = 0;  ///< of a payload that lies elsewhere
  std::uint64_t reserved = 0;
};
static_assert(sizeof(trailer) == 64 && std::is_trivially_copyable_v<trailer>);

/// Where the trailer stands, counted from the payload's start.
constexpr std::uint64_t trailer_offset(std::uint64_t length) noexcept { return (length + 7) / 8 * 8; }
/// Payload, padding and trailer.
constexpr std::uint64_t block_bytes(std::uint64_t length) noexcept {
  return trailer_offset(length) + sizeof(trailer);
}

/// Where the trailer of an object stands, from the start of the arena's segment.
constexpr std::uint64_t trailer_place(const ticket& object) noexcept {
  return object.offset + (object.elsewhere() ? 0 : trailer_offset(object.length));
}
/// Whether the object's block lies within `segment_bytes` of segment, the first `header_bytes` of which are
/// not for objects.
constexpr bool lies_within(const ticket& object, std::uint64_t header_bytes,
                           std::uint64_t segment_bytes) noexcept {
  if (object.offset < header_bytes || object.offset % 64 != 0 || object.offset > segment_bytes) return false;
  const std::uint64_t length = object.elsewhere() ? 0 : object.length;
  return length <= segment_bytes && block_bytes(length) <= segment_bytes - object.offset;
}

/// Copies a trailer out of private memory.
inline trailer load_trailer(const std::byte* at) noexcept {
  trailer t;
  std::memcpy(&t, at, sizeof t);
  return t;
}

/// Copies a trailer out of memory that another process may write: word by word, generation in one load.
trailer load_shared_trailer(const std::byte* at) noexcept;

/// Writes the trailer of a block that is being published: the generation last. `payload` is only looked at
/// if it lies elsewhere.
void publish_trailer(std::byte* at, const ticket& object, const std::byte* payload = nullptr) noexcept;
/// Ends a block: from here on no reader takes it for alive.
void clear_trailer(std::byte* at) noexcept;

/// Whether `found` says that the object of `wanted` was alive when it was read. `stale` if not; `corrupt`
/// if it was, and is not what the ticket says.
status compare(const trailer& found, const ticket& wanted) noexcept;

}  // namespace farhold::rma
