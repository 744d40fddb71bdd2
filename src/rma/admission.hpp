// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <farhold/bytes.hpp>

namespace farhold::rma {

/// What the processes of one job know and nobody else does. Two of them that meet prove to each other that
/// they know it, without telling it, and agree on keys for their connection.
///
/// Without one, the same is done with a secret that everybody knows: a connection still has keys of its own,
/// so that nobody can put a message into it from outside, but anybody can make a connection.
class job_secret {
 public:
  /// Shorter ones could be found by trying.
  static constexpr std::size_t shortest = 16;

  job_secret() noexcept;
  /// Throws `invalid_argument` if it is too short.
  static job_secret from_text(std::string_view text);
  /// The file without blanks at its end. Throws `permission` if others than its owner may read it.
  static job_secret from_file(const std::string& path);
  /// From `text` or else `file`, if one is not empty; else from FARHOLD_SECRET or FARHOLD_SECRET_FILE of the
  /// environment; else there is none.
  static job_secret find(const std::string& text, const std::string& file);

  [[nodiscard]] bool given() const noexcept { return given_; }

 private:
  friend class handshake;
  std::array<std::byte, 32> key_{};
  bool given_ = false;
};

/// A tag over what a message says, which only the two ends of its connection can make.
using message_tag = std::array<std::byte, 16>;

/// BLAKE2b of bytes that are too many for a tag: the tag is then over this.
using content_digest = std::array<std::byte, 32>;
content_digest digest_of(byte_view bytes) noexcept;

/// One process's side of a meeting.
///
///   caller → producer   the caller's nonce, and the incarnation it means
///   producer → caller   the producer's nonce
///   caller → producer   the caller's proof
///   producer → caller   the producer's proof, and its card
///
/// The caller proves first, so that a stranger who calls gets a random number and nothing else. Proofs are
/// BLAKE2b, keyed by the secret, of the role, the incarnation and both nonces; the keys of the connection,
/// one for each direction, are made alike. Tags are SipHash-2-4 of 128 bits.
class handshake {
 public:
  using nonce = std::array<std::byte, 32>;
  using proof = std::array<std::byte, 32>;
  enum class role : std::uint8_t { caller = 1, producer };

  static nonce draw() noexcept;

  handshake() = default;
  /// Once both nonces are known.
  handshake(const job_secret& secret, role mine, std::uint64_t incarnation, const nonce& of_caller,
            const nonce& of_producer) noexcept;

  [[nodiscard]] const proof& mine() const noexcept { return mine_; }
  [[nodiscard]] bool proves(const proof& theirs) const noexcept;

  [[nodiscard]] message_tag tag_to_send(byte_view said) const noexcept;
  [[nodiscard]] bool is_theirs(byte_view said, const message_tag& tag) const noexcept;

 private:
  using half_key = std::array<std::byte, 16>;

  proof mine_{}, theirs_{};
  half_key sending_{}, receiving_{};
};

}  // namespace farhold::rma
