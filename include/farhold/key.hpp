// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

#include <farhold/bytes.hpp>
#include <farhold/type_id.hpp>

namespace farhold {

/// Names one stored object: its type, its size, and an identifier only its connector reads.
///
/// A key costs no communication to inspect: size and type are part of it.
///
/// Lifetime  A value of at most 256 bytes on the wire. A default-constructed key names nothing.
/// Threads   As an int.
/// Errors    Decoding throws `truncated` or `corrupt`; construction from too many bytes `invalid_argument`.
class key {
 public:
  static constexpr std::size_t max_id_bytes = 239;
  static constexpr std::size_t max_encoded_bytes = 256;

  key() = default;
  key(type_id type, std::uint64_t size_bytes, byte_view id);

  [[nodiscard]] type_id type() const noexcept { return type_; }
  /// Size of the stored representation, in bytes.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// What the connector that made the key put there.
  [[nodiscard]] byte_view id() const noexcept { return {id_.data(), id_size_}; }
  /// True of a key that names nothing, and of the key of an inline object, which lives in its proxy only.
  [[nodiscard]] bool empty() const noexcept { return id_size_ == 0; }

  [[nodiscard]] std::size_t encoded_bytes() const noexcept { return 17U + id_size_; }
  /// Writes `encoded_bytes()` bytes at `out`; returns the end.
  std::byte* encode(std::byte* out) const noexcept;
  /// Reads one key at the front of `bytes` and drops it from there. Input is taken as hostile.
  static key decode(byte_view& bytes);

  /// Lower-case hexadecimal of the encoded form, for messages and logs.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const key& a, const key& b) noexcept { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const key& a, const key& b) noexcept;

 private:
  type_id type_;
  std::uint64_t size_bytes_ = 0;
  std::uint8_t id_size_ = 0;
  std::array<std::byte, max_id_bytes> id_{};
};

}  // namespace farhold

template <>
struct std::hash<farhold::key> {
  std::size_t operator()(const farhold::key& k) const noexcept;
};
