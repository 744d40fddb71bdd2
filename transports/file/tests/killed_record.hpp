// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <farhold/key.hpp>

#include "conformance/pattern.hpp"

// What a writer that will be killed tells its parent, and what it writes.

namespace farhold::file {

struct record {
  enum kind : std::uint32_t { put, evicting, evicted } what = put;
  std::uint32_t key_bytes = 0;
  std::array<std::byte, key::max_encoded_bytes> encoded{};

  static record of(kind what, const key& object) {
    record r;
    r.what = what;
    r.key_bytes = static_cast<std::uint32_t>(object.encoded_bytes());
    object.encode(r.encoded.data());
    return r;
  }
  [[nodiscard]] key object() const {
    byte_view rest(encoded.data(), key_bytes);
    return key::decode(rest);
  }
};
static_assert(sizeof(record) < 4096, "a pipe takes it whole or not at all");

/// A payload that says at its front what the rest of it must be.
inline std::vector<std::byte> telling_payload(std::size_t size_bytes, const conformance::origin& of) {
  std::vector<std::byte> bytes = conformance::payload(size_bytes, of);
  std::memcpy(bytes.data(), &of, sizeof of);
  return bytes;
}
inline bool is_whole(byte_view bytes) {
  conformance::origin of;
  if (bytes.size() < sizeof of) return false;
  std::memcpy(&of, bytes.data(), sizeof of);
  const auto expected = telling_payload(bytes.size(), of);
  return std::memcmp(expected.data(), bytes.data(), bytes.size()) == 0;
}

/// Puts and evicts in `uri`, and tells of each step through `pipe`, until somebody ends it.
int write_until_killed(const std::string& uri, int pipe, std::uint64_t seed);

}  // namespace farhold::file
