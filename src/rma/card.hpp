// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "host.hpp"

namespace farhold::rma {

/// What a producer tells every peer about itself and its first arena, once.
struct card {
  static constexpr std::uint32_t magic_value = 0x43524846;  // "FHRC"
  static constexpr std::uint32_t version_value = 1;
  static constexpr std::size_t encoded_bytes = 64;

  std::uint64_t incarnation = 0;
  boot_id boot{};
  std::uint64_t start_time = 0;    ///< of the process, see host.hpp
  std::uint64_t base_address = 0;  ///< of the segment in the producer, for process_vm_readv
  std::uint64_t segment_bytes = 0;
  std::int32_t pid = 0;
  std::int32_t fd = -1;  ///< of the segment in the producer, for /proc/PID/fd

  [[nodiscard]] std::array<std::byte, encoded_bytes> encode() const noexcept;
  static status decode(byte_view bytes, card& out) noexcept;
};

/// What stands at the start of every segment, so that nobody takes another file for it.
struct segment_header {
  static constexpr std::uint64_t magic_value = 0x314E455241524846;  // "FHRAREN1"

  std::uint64_t magic = magic_value;
  std::uint64_t incarnation = 0;
  std::uint64_t segment_bytes = 0;
};

}  // namespace farhold::rma
