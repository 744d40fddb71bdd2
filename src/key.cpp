// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/key.hpp>

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include <farhold/error.hpp>

#include "detail/wire.hpp"

namespace farhold {

key::key(type_id type, std::uint64_t size_bytes, byte_view id) : type_(type), size_bytes_(size_bytes) {
  if (id.size() > max_id_bytes) {
    throw error(errc::invalid_argument, "a key's identifier has at most " + std::to_string(max_id_bytes) +
                                            " bytes, this one has " + std::to_string(id.size()));
  }
  id_size_ = static_cast<std::uint8_t>(id.size());
  std::copy(id.begin(), id.end(), id_.begin());
}

std::byte* key::encode(std::byte* out) const noexcept {
  wire::writer to(out);
  to.put(type_.value);
  to.put(size_bytes_);
  to.put(id_size_);
  to.put_bytes(id());
  return to.end();
}

key key::decode(byte_view& bytes) {
  wire::reader from(bytes);
  const type_id type{from.take<std::uint64_t>()};
  const auto size_bytes = from.take<std::uint64_t>();
  const auto id_size = from.take<std::uint8_t>();
  if (id_size > max_id_bytes) throw error(errc::corrupt, "a key with an identifier that is too long");
  const byte_view id = from.take_bytes(id_size);
  if (!from.ok()) throw error(errc::truncated, "a key that ends early");
  bytes = from.rest();
  return {type, size_bytes, id};
}

std::string key::to_string() const {
  std::array<std::byte, max_encoded_bytes> encoded;
  const byte_view bytes(encoded.data(), static_cast<std::size_t>(encode(encoded.data()) - encoded.data()));
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte b : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[std::to_integer<unsigned>(b) >> 4U];
    text += digits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

std::strong_ordering operator<=>(const key& a, const key& b) noexcept {
  if (const auto by_type = a.type_ <=> b.type_; by_type != 0) return by_type;
  if (const auto by_size = a.size_bytes_ <=> b.size_bytes_; by_size != 0) return by_size;
  if (const auto by_length = a.id_size_ <=> b.id_size_; by_length != 0) return by_length;
  return std::memcmp(a.id_.data(), b.id_.data(), a.id_size_) <=> 0;
}

}  // namespace farhold

std::size_t std::hash<farhold::key>::operator()(const farhold::key& k) const noexcept {
  return XXH3_64bits_withSeed(k.id().data(), k.id().size(), k.type().value ^ k.size_bytes());
}
