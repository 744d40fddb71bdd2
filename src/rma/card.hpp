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
  static constexpr std::uint32_t version_value = 3;
  static constexpr std::size_t encoded_bytes = 80;
  /// Where a segment of the first arena shows it: at the end of its header's page.
  static constexpr std::size_t offset_in_segment = 4096 - encoded_bytes;

  std::uint64_t incarnation = 0;
  boot_id boot{};
  std::uint64_t start_time = 0;    ///< of the process, see host.hpp
  std::uint64_t base_address = 0;  ///< of the segment in the producer, for process_vm_readv
  std::uint64_t segment_bytes = 0;
  std::int32_t pid = 0;
  std::int32_t fd = -1;        ///< of the segment in the producer, for /proc/PID/fd
  std::uint64_t grace_ns = 0;  ///< how long this producer leaves the memory of an evicted object as it was
  std::uint64_t pid_namespace = 0;  ///< in which `pid` is its number; 0: not known, and nobody may use it

  [[nodiscard]] std::array<std::byte, encoded_bytes> encode() const noexcept;
  static status decode(byte_view bytes, card& out) noexcept;
};

}  // namespace farhold::rma
