// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <vector>

#include <farhold/bytes.hpp>

namespace farhold::ucx::detail {

/// What a process tells those it has admitted, so that their devices can read its arena. Little-endian;
/// parsed as hostile.
///
///   version (4), bytes of key and address (2 + 2), where the arena lies in that process (8), its bytes (8),
///   UCX's remote key, the worker's address
struct offer {
  static constexpr std::size_t longest_part = 2048;  ///< a key, an address

  std::uint64_t base = 0;  ///< of the arena
  std::uint64_t bytes = 0;
  std::vector<std::byte> key, address;

  /// Neither part may be longer than `longest_part`.
  [[nodiscard]] std::vector<std::byte> encode() const;
  /// False if it is no offer. Throws std::bad_alloc.
  static bool decode(byte_view told, offer& out);
};

}  // namespace farhold::ucx::detail
