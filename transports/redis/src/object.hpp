// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <farhold/key.hpp>

namespace farhold::redis {

/// One object, as its key names it:
///
///     farhold:{NAME}, farhold:{NAME}:1, farhold:{NAME}:2 …    its pieces
///     farhold:{NAME}:reads                                    who has read it, if its reads are counted
///
/// The braces are a hash tag: a cluster keeps all of it on one node. Names are random and never used twice.
struct object {
  std::array<std::byte, 16> name{};
  std::uint64_t database = 0;  ///< the number in "farhold:database"
  std::uint64_t size_bytes = 0;
  std::uint64_t chunk_bytes = 0;  ///< of each piece but the last one, which has the rest
  std::uint32_t reads = 0;        ///< after so many it is gone; 0: they are not counted

  /// At least one.
  [[nodiscard]] std::uint64_t chunks() const noexcept {
    return size_bytes <= chunk_bytes ? 1 : (size_bytes - 1) / chunk_bytes + 1;
  }
  [[nodiscard]] std::uint64_t begin_of(std::uint64_t chunk) const noexcept { return chunk * chunk_bytes; }
  [[nodiscard]] std::uint64_t bytes_of(std::uint64_t chunk) const noexcept {
    return chunk + 1 < chunks() ? chunk_bytes : size_bytes - begin_of(chunk);
  }
};

inline constexpr std::uint64_t least_chunk_bytes = std::uint64_t{64} << 10U;
inline constexpr std::uint64_t most_chunk_bytes = std::uint64_t{256} << 20U;
inline constexpr std::uint64_t most_chunks = 65'536;  ///< what one command can name in good time

/// The key of an object, with a tag, so that one that was cut or changed is known without asking anybody.
key key_of(const object& what, type_id type);
/// What a key names; nothing if no such connector has made it.
std::optional<object> object_of(const key& from) noexcept;

/// The server's name of a piece, in memory of its own.
class chunk_name {
 public:
  chunk_name(const object& of, std::uint64_t chunk) noexcept;
  static chunk_name of_reads(const object& of) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  chunk_name() = default;
  void begin(const object& of) noexcept;

  std::array<char, 64> text_{};
  std::size_t size_ = 0;
};

}  // namespace farhold::redis
