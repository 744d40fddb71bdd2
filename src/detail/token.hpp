// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

// What all tokens have in common:
//
//   bytes  3  7E 1A 25, which base64url spells "fhol"
//          1  version
//          1  kind
//          …  by kind
//          4  checksum of all before: low half of XXH3-64

namespace farhold::token {

constexpr std::uint8_t version = 1;
constexpr std::size_t head_bytes = 5;
constexpr std::size_t check_bytes = 4;

// Kinds: a store's token has none, one or both of the first two bits; a registered factory's has the third
// alone.
constexpr std::uint8_t portable_bit = 1;
constexpr std::uint8_t inlined_bit = 2;
constexpr std::uint8_t named_factory = 4;

[[noreturn]] void refuse(errc code, const std::string& what);

/// Writes head and checksum; what is between them is written already.
void seal(std::uint8_t kind, byte_span token) noexcept;

struct opened {
  std::uint8_t kind = 0;
  byte_view body;
};
/// Checks all but the body. Throws `truncated`, `corrupt`, `unsupported` (another version).
opened open(byte_view token);

}  // namespace farhold::token
