// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "admission.hpp"
#include "card.hpp"

namespace farhold::rma {

/// The head of every packet of the control channel, little-endian, parsed as hostile.
///
///   hello      incarnation (8), the caller's link (4), 0 (4), nonce (32)   caller → producer, first of all
///   challenge  the producer's link (4), 0 (4), nonce (32)                  producer → caller
///   response   proof (32)                                                  caller → producer
///   welcome    proof (32), card (80)                                       producer → caller
///   greeting   digest (32), what the fabric has to say                      producer → caller, after welcome
///   refusal    error code (4)                                              producer → caller, and then the
///   end message    for the engine                                              both ways
///
/// The head is "FC", version (1), kind (1), the receiver's link (4; 0 in hello), number (8), tag (16). From
/// response and welcome on packets are numbered, and tagged over their head, their length and their first
/// `sealed_bytes`.
struct control_frame {
  enum class kind : std::uint8_t { hello = 1, challenge, response, welcome, refusal, message, greeting };

  static constexpr std::uint8_t version_value = 2;
  static constexpr std::size_t unsealed_head_bytes = 16;
  static constexpr std::size_t head_bytes = unsealed_head_bytes + sizeof(message_tag);
  static constexpr std::size_t hello_bytes = 48;
  static constexpr std::size_t challenge_bytes = 40;
  static constexpr std::size_t welcome_bytes = sizeof(handshake::proof) + card::encoded_bytes;
  /// All of every frame but a message that carries payload, and a greeting, which has its digest in front.
  static constexpr std::size_t sealed_bytes = 112;
  static_assert(welcome_bytes <= sealed_bytes);

  using head_span = std::array<std::byte, head_bytes>;

  kind what = kind::message;
  std::uint32_t to = 0;      ///< the receiver's link
  std::uint64_t number = 0;  ///< counts what is tagged, from 1
  message_tag tag{};

  /// The tag stays 0 without `keys`. `body` is what will be sent as one, in two parts.
  static head_span encode(kind what, std::uint32_t to, std::uint64_t number, const handshake* keys,
                          byte_view front, byte_view payload) noexcept;
  /// False if it is no head of a frame.
  static bool decode(byte_view head, control_frame& out) noexcept;
  /// Whether the other end of the connection with these keys has made it.
  static bool is_sealed(byte_view head, byte_view body, const control_frame& decoded,
                        const handshake& keys) noexcept;
};

}  // namespace farhold::rma
