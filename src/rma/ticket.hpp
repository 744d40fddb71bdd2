// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include <farhold/error.hpp>
#include <farhold/key.hpp>

namespace farhold::rma {

/// The key of the one-sided connectors, taken apart: where an object lies and which object it was.
struct ticket {
  std::uint64_t incarnation = 0;  ///< of the producer's store
  std::uint64_t generation = 0;   ///< of the object; 0 is none
  std::uint64_t offset = 0;       ///< of the object's block, from the start of the arena's segment
  std::uint32_t arena = 0;        ///< index among the producer's arenas, and `elsewhere_bit`
  std::uint32_t slot = 0;         ///< of the producer's block table, which only the producer reads
  std::uint64_t length = 0;       ///< of the payload; travels as the key's size
  type_id type;                   ///< travels as the key's type

  static constexpr std::size_t id_bytes = 32;
  /// In `arena`: the block holds the trailer only, and the trailer says where in the producer's memory the
  /// payload lies.
  static constexpr std::uint32_t elsewhere_bit = std::uint32_t{1} << 31U;

  [[nodiscard]] constexpr bool elsewhere() const noexcept { return (arena & elsewhere_bit) != 0; }
  [[nodiscard]] constexpr std::uint32_t arena_index() const noexcept { return arena & ~elsewhere_bit; }

  [[nodiscard]] key to_key() const;
  /// `corrupt` if the key was not made by `to_key`.
  static status from_key(const key& object, ticket& out) noexcept;
};

}  // namespace farhold::rma
