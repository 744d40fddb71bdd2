// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "detail/token.hpp"

#include <array>

// Tokens are short: a call would cost as much as their hash.
#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library chose it
#include <xxhash.h>

#include "detail/wire.hpp"

namespace farhold::token {

namespace {

constexpr std::array<std::byte, 3> magic = {std::byte{0x7E}, std::byte{0x1A}, std::byte{0x25}};

std::uint32_t checksum(byte_view bytes) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

void refuse(errc code, const std::string& what) {
  throw error(code, "this is not a usable farhold token: " + what +
                        "; ask the sender for the token again and pass it on unchanged");
}

void seal(std::uint8_t kind, byte_span token) noexcept {
  wire::writer head(token.data());
  head.put(magic);
  head.put(version);
  head.put(kind);
  const byte_span tail = token.last(check_bytes);
  wire::writer(tail.data()).put(checksum(token.first(token.size() - check_bytes)));
}

opened open(byte_view token) {
  if (token.size() < head_bytes + check_bytes) refuse(errc::truncated, "it is too short");
  const byte_view checked = token.first(token.size() - check_bytes);
  wire::reader from(checked);
  if (from.take<std::array<std::byte, 3>>() != magic) refuse(errc::corrupt, "it does not begin as one");
  if (const auto v = from.take<std::uint8_t>(); v != version) {
    throw error(errc::unsupported, "this token has version " + std::to_string(v) +
                                       ", this program reads version " + std::to_string(version) +
                                       "; build both sides with the same farhold");
  }
  if (wire::reader(token.last(check_bytes)).take<std::uint32_t>() != checksum(checked)) {
    refuse(errc::corrupt, "its checksum does not fit, so it was cut or changed on the way");
  }
  const auto kind = from.take<std::uint8_t>();
  return {kind, from.rest()};
}

}  // namespace farhold::token
