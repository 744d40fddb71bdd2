// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <farhold/bytes.hpp>

namespace farhold::conformance {

/// Whose object it is, and which one. Both are in every word of its payload, so that a byte of any other
/// object, or from any other place of the same one, is seen.
struct origin {
  std::uint64_t producer = 0;
  std::uint64_t object = 0;
};

/// Mixes the bits of a counter (S. Vigna's SplitMix64).
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// The words of an object's payload.
class pattern {
 public:
  explicit pattern(const origin& of) noexcept : seed_(mix((of.producer << 48U) + of.object + 1)) {}
  [[nodiscard]] std::uint64_t operator[](std::uint64_t index) const noexcept {
    return mix(seed_ + index * 0x9e3779b97f4a7c15U);
  }

 private:
  std::uint64_t seed_;
};

inline void fill(byte_span bytes, const origin& of) noexcept {
  const pattern words(of);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = words[at / sizeof word];
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
}

/// Where the first byte is that is not the object's; nothing if all are.
inline std::optional<std::size_t> first_wrong(byte_view bytes, const origin& of) noexcept {
  const pattern words(of);
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t word = words[at / sizeof word];
    if (std::memcmp(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at)) != 0) return at;
  }
  return std::nullopt;
}

inline std::vector<std::byte> payload(std::size_t size_bytes, const origin& of) {
  std::vector<std::byte> bytes(size_bytes);
  fill(bytes, of);
  return bytes;
}

}  // namespace farhold::conformance
