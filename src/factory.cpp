// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/factory.hpp>

// Names are short: a call would cost as much as their hash.
#define XXH_INLINE_ALL  // NOLINT(readability-identifier-naming): the library chose it
#include <xxhash.h>

#include <farhold/registry.hpp>

#include "detail/base64url.hpp"
#include "detail/store_names.hpp"
#include "detail/token.hpp"
#include "detail/wire.hpp"

// The body of a store's token:
//
//   bytes  …  portable: length (1) and store name, length (1) and URI; compact: hash of the store name (4)
//          …  the key
//          …  inlined: the payload, key.size_bytes() long

namespace farhold {

namespace {

constexpr std::size_t max_text_length = 255;

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
  return token::head_bytes + names + object_.encoded_bytes() + payload_.size() + token::check_bytes;
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
  wire::writer to(out.data() + token::head_bytes);
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
  token::seal(
      static_cast<std::uint8_t>((portable ? token::portable_bit : 0U) | (inlined_ ? token::inlined_bit : 0U)),
      out);
}

store_factory store_factory::decode(byte_view bytes) {
  const auto [kind, body] = token::open(bytes);
  if (kind == token::named_factory) {
    throw error(errc::unsupported,
                "this token is of a registered factory and not of a store; use proxy::from_bytes");
  }
  if (kind > (token::portable_bit | token::inlined_bit))
    token::refuse(errc::corrupt, "it is of an unknown kind");

  wire::reader from(body);
  detail::store_address_ptr store;
  if ((kind & token::portable_bit) != 0) {
    const std::string_view name = from.take_text(from.take<std::uint8_t>());
    const std::string_view uri = from.take_text(from.take<std::uint8_t>());
    if (!from.ok() || name.empty()) token::refuse(errc::corrupt, "it names no store");
    store = detail::make_store_address(std::string(name), std::string(uri));
    detail::introduce(*store);
  } else {
    store = detail::store_address_by_hash(from.take<std::uint32_t>());
  }
  byte_view rest = from.rest();
  const key object = key::decode(rest);
  if ((kind & token::portable_bit) == 0) store = detail::store_address_of(store, object);
  const bool inlined = (kind & token::inlined_bit) != 0;
  if (rest.size() != (inlined ? object.size_bytes() : 0U))
    token::refuse(errc::corrupt, "its length does not fit");
  if (inlined != object.empty()) token::refuse(errc::corrupt, "it names no object");
  return inlined ? store_factory(std::move(store), object, rest) : store_factory(std::move(store), object);
}

std::string store_factory::to_text() const {
  std::vector<std::byte> token(encoded_bytes(token_form::portable));
  encode(token_form::portable, token);
  return detail::token_text(token);
}

store_factory store_factory::from_text(std::string_view token) { return decode(detail::token_bytes(token)); }

std::string detail::token_text(byte_view token) { return to_base64url(token); }

std::vector<std::byte> detail::token_bytes(std::string_view text) {
  auto bytes = from_base64url(text);
  if (!bytes) token::refuse(errc::corrupt, "it has characters, or a length, that no token has");
  return *std::move(bytes);
}

}  // namespace farhold
