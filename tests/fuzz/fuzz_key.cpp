// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Keys, and what connectors find in them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include <farhold/error.hpp>
#include <farhold/key.hpp>

#include "multi/src/place.hpp"
#include "redis/src/object.hpp"
#include "rma/ticket.hpp"

namespace {

void look_into(const farhold::key& decoded) {
  farhold::rma::ticket t;
  if (farhold::rma::ticket::from_key(decoded, t).ok() && t.to_key() != decoded) std::abort();
  if (const auto place = farhold::multi::place_of(decoded)) {
    farhold::key again;
    if (!farhold::multi::to_key(*place, again) || again != decoded) std::abort();
  }
  if (const auto object = farhold::redis::object_of(decoded)) {
    if (farhold::redis::key_of(*object, decoded.type()) != decoded) std::abort();
    if (object->bytes_of(object->chunks() - 1) > object->chunk_bytes) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  farhold::byte_view bytes = std::as_bytes(std::span(data, size));
  const farhold::byte_view whole = bytes;
  try {
    const farhold::key decoded = farhold::key::decode(bytes);
    std::array<std::byte, farhold::key::max_encoded_bytes> again{};
    const std::byte* const end = decoded.encode(again.data());
    const farhold::byte_view used = whole.first(whole.size() - bytes.size());
    if (!std::equal(static_cast<const std::byte*>(again.data()), end, used.begin(), used.end())) std::abort();
    look_into(decoded);
  } catch (const farhold::error&) {
  }
  return 0;
}
