// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "rma/card.hpp"

namespace farhold::shm::detail {

/// What travels over a connection, one packet each, little-endian, parsed as hostile.
///
///   hello     head, incarnation (8)   consumer → producer, first of all: whom it means
///   welcome   head, card              producer → consumer, in answer
///   refusal   head, error code (4)    producer → consumer, and then the end
///   message   head, payload …         both ways, after hello
///
/// The head is "FS", version (1), kind (1).
struct frame {
  enum class kind : std::uint8_t { hello = 1, welcome, refusal, message };

  static constexpr std::uint8_t version_value = 1;
  static constexpr std::size_t head_bytes = 4;
  static constexpr std::size_t max_payload_bytes = std::size_t{64} << 10U;
  static constexpr std::size_t max_bytes = head_bytes + max_payload_bytes;

  kind what = kind::message;
  std::uint64_t incarnation = 0;  // hello
  errc reason = errc::ok;         // refusal
  byte_view payload;              // welcome: the card; message

  using head = std::array<std::byte, head_bytes>;
  static head encode_head(kind what) noexcept;
  static std::array<std::byte, head_bytes + 8> encode_hello(std::uint64_t incarnation) noexcept;
  static std::array<std::byte, head_bytes + 4> encode_refusal(errc reason) noexcept;
  /// False if it is no frame. `payload` refers to `packet`.
  static bool decode(byte_view packet, frame& out) noexcept;
};

}  // namespace farhold::shm::detail
