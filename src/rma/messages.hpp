// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "ticket.hpp"

namespace farhold::rma {

/// The messages of the validated service, little-endian, parsed as hostile.
///
///   request   head { version, kind, request id } ticket      consumer → producer
///   answer    head { version, kind, request id } code        producer → consumer; exists, evict, refusals
///   fragment  head { version, kind, request id } offset, payload …
struct message {
  enum class kind : std::uint8_t { read = 1, exists, evict, answer, fragment };

  static constexpr std::uint8_t version_value = 1;
  static constexpr std::size_t head_bytes = 16;
  static constexpr std::size_t request_bytes = head_bytes + 48;
  static constexpr std::size_t answer_bytes = head_bytes + 8;
  static constexpr std::size_t fragment_head_bytes = head_bytes + 8;

  kind what = kind::answer;
  std::uint64_t request = 0;
  ticket object;             // read, exists, evict
  errc code = errc::ok;      // answer
  std::uint64_t offset = 0;  // fragment: where `payload` belongs
  byte_view payload;         // fragment

  static std::array<std::byte, request_bytes> encode_request(kind what, std::uint64_t request,
                                                             const ticket& object) noexcept;
  static std::array<std::byte, answer_bytes> encode_answer(std::uint64_t request, errc code) noexcept;
  static std::array<std::byte, fragment_head_bytes> encode_fragment_head(std::uint64_t request,
                                                                         std::uint64_t offset) noexcept;
  /// `payload` refers to `bytes`.
  static status decode(byte_view bytes, message& out) noexcept;
};

}  // namespace farhold::rma
