// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rdma/fabric.h>

#include <farhold/bytes.hpp>

namespace farhold::ofi::detail {

/// What a process tells those it has admitted, so that they can read its arena: which fabric it is on, where
/// its endpoint is, and the arena's key. Little-endian; parsed as hostile.
///
///   version (4), protocol (4), protocol version (4), address format (4), remote address of the arena (8),
///   its bytes (8), key (8), bytes of name and address (2 + 2), provider's name, endpoint's address
struct offer {
  std::string provider;
  std::uint32_t protocol = 0;
  std::uint32_t protocol_version = 0;
  std::uint32_t address_format = 0;
  std::uint64_t base = 0;  ///< of the arena, as reads name it
  std::uint64_t bytes = 0;
  std::uint64_t key = 0;
  std::vector<std::byte> address;

  /// Of a process that has this provider; the arena and the address are still to come.
  static offer of(const fi_info& info);
  /// Whether a process with the provider of `mine` can read by it.
  [[nodiscard]] bool fits(const offer& mine) const noexcept;

  [[nodiscard]] std::vector<std::byte> encode() const;
  /// False if it is no offer. Throws std::bad_alloc.
  static bool decode(byte_view bytes, offer& out);
};

}  // namespace farhold::ofi::detail
