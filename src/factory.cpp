// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/factory.hpp>

#include <array>

#include <xxhash.h>

#include <farhold/registry.hpp>

#include "detail/base64url.hpp"
#include "detail/store_names.hpp"
#include "detail/wire.hpp"

// A token:
//
//   bytes  3  7E 1A 25, which base64url spells "fhol"
//          1  version
//          1  kind: bit 0 portable, bit 1 inlined
//          …  portable: length (1) and store name, length (1) and URI; compact: hash of the store name (4)
//          …  the key
//          …  inlined: the payload, key.size_bytes() long
//          4  checksum of all before: low half of XXH3-64

namespace farhold {

namespace {

constexpr std::array<std::byte, 3> magic = {std::byte{0x7E}, std::byte{0x1A}, std::byte{0x25}};
constexpr std::uint8_t version = 1;
constexpr std::uint8_t portable_bit = 1;
constexpr std::uint8_t inlined_bit = 2;
constexpr std::size_t head_bytes = magic.size() + 2;
constexpr std::size_t check_bytes = 4;
constexpr std::size_t max_text_length = 255;

std::uint32_t checksum(byte_view bytes) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

[[noreturn]] void refuse(errc code, const std::string& what) {
  throw error(code, "this is not a usable farhold token: " + what +
                        "; ask the sender for the token again and pass it on unchanged");
}

}  // namespace

std::uint32_t detail::hash_store_name(std::string_view name) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(name.data(), name.size()));
}

detail::store_address_ptr detail::make_store_address(std::string name, std::string uri) {
  if (name.empty() || name.size() > max_text_length || uri.size() > max_text_length) {
    throw error(errc::invalid_argument,
                "a store's name has 1 to 255 bytes and its URI at most 255; the name is '" + name +
                    "', the URI '" + uri + "'");
  }
  const std::uint32_t hash = hash_store_name(name);
  return std::make_shared<const store_address>(store_address{std::move(name), std::move(uri), hash});
}

store_factory::store_factory(detail::store_address_ptr store, const key& object)
    : store_(std::move(store)), object_(object) {}

store_factory::store_factory(detail::store_address_ptr store, const key& object, byte_view payload)
    : store_(std::move(store)), object_(object), inlined_(true), payload_(payload.begin(), payload.end()) {}

std::size_t store_factory::encoded_bytes(token_form form) const {
  const std::size_t names = form == token_form::portable ? 2 + store_->name.size() + store_->uri.size() : 4;
  return head_bytes + names + object_.encoded_bytes() + payload_.size() + check_bytes;
}

void store_factory::encode(token_form form, byte_span out) const {
  FARHOLD_EXPECTS(out.size() == encoded_bytes(form));
  const bool portable = form == token_form::portable;
  if (portable && store_->name.empty()) {
    throw error(
        errc::store_unknown,
        "this proxy came as a compact token of a store that is not open here, so its name is not known; "
        "open the store first, or pass the proxy on in compact form");
  }
  wire::writer to(out.data());
  to.put(magic);
  to.put(version);
  to.put(static_cast<std::uint8_t>((portable ? portable_bit : 0U) | (inlined_ ? inlined_bit : 0U)));
  if (portable) {
    to.put(static_cast<std::uint8_t>(store_->name.size()));
    to.put_text(store_->name);
    to.put(static_cast<std::uint8_t>(store_->uri.size()));
    to.put_text(store_->uri);
  } else {
    to.put(store_->name_hash);
  }
  wire::writer rest(object_.encode(to.end()));
  rest.put_bytes(payload_);
  rest.put(checksum(out.first(out.size() - check_bytes)));
}

store_factory store_factory::decode(byte_view token) {
  if (token.size() < head_bytes + check_bytes) refuse(errc::truncated, "it is too short");
  const byte_view body = token.first(token.size() - check_bytes);
  wire::reader from(body);
  if (from.take<std::array<std::byte, 3>>() != magic) refuse(errc::corrupt, "it does not begin as one");
  if (const auto v = from.take<std::uint8_t>(); v != version) {
    throw error(errc::unsupported, "this token has version " + std::to_string(v) +
                                       ", this program reads version " + std::to_string(version) +
                                       "; build both sides with the same farhold");
  }
  if (wire::reader(token.last(check_bytes)).take<std::uint32_t>() != checksum(body)) {
    refuse(errc::corrupt, "its checksum does not fit, so it was cut or changed on the way");
  }
  const auto kind = from.take<std::uint8_t>();
  if (kind > (portable_bit | inlined_bit)) refuse(errc::corrupt, "it is of an unknown kind");

  detail::store_address_ptr store;
  if ((kind & portable_bit) != 0) {
    const std::string_view name = from.take_text(from.take<std::uint8_t>());
    const std::string_view uri = from.take_text(from.take<std::uint8_t>());
    if (!from.ok() || name.empty()) refuse(errc::corrupt, "it names no store");
    store = detail::make_store_address(std::string(name), std::string(uri));
  } else {
    store = detail::store_address_by_hash(from.take<std::uint32_t>());
  }
  byte_view rest = from.rest();
  const key object = key::decode(rest);
  const bool inlined = (kind & inlined_bit) != 0;
  if (rest.size() != (inlined ? object.size_bytes() : 0U)) refuse(errc::corrupt, "its length does not fit");
  if (inlined != object.empty()) refuse(errc::corrupt, "it names no object");
  return inlined ? store_factory(std::move(store), object, rest) : store_factory(std::move(store), object);
}

std::string store_factory::to_text() const {
  std::vector<std::byte> token(encoded_bytes(token_form::portable));
  encode(token_form::portable, token);
  return detail::to_base64url(token);
}

store_factory store_factory::from_text(std::string_view token) {
  const auto bytes = detail::from_base64url(token);
  if (!bytes) refuse(errc::corrupt, "it has characters, or a length, that no token has");
  return decode(*bytes);
}

}  // namespace farhold
