// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Keys, and the tickets in them.
#include <array>
#include <cstdint>
#include <cstdlib>

#include <farhold/error.hpp>
#include <farhold/key.hpp>

#include "rma/ticket.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  farhold::byte_view bytes = std::as_bytes(std::span(data, size));
  const farhold::byte_view whole = bytes;
  try {
    const farhold::key decoded = farhold::key::decode(bytes);
    std::array<std::byte, farhold::key::max_encoded_bytes> again{};
    const std::byte* const end = decoded.encode(again.data());
    const farhold::byte_view used = whole.first(whole.size() - bytes.size());
    if (!std::equal(static_cast<const std::byte*>(again.data()), end, used.begin(), used.end())) std::abort();
    farhold::rma::ticket t;
    if (farhold::rma::ticket::from_key(decoded, t).ok() && t.to_key() != decoded) std::abort();
  } catch (const farhold::error&) {
  }
  return 0;
}
