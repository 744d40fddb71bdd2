// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/array.hpp>
#include <farhold/bytes.hpp>
#include <farhold/proxy.hpp>

namespace farhold::tools {

/// A part of a file: small enough that a consumer needs no memory for more than two of them.
using file_chunk = array<std::byte>;

/// What a token of `farhold put` names: the file's name and the proxies of its chunks, in their order.
struct offered_file {
  std::string name;  ///< without folders
  std::uint64_t size_bytes = 0;
  std::vector<proxy<file_chunk>> chunks;
  /// Tokens of tiny objects. Whoever has read the file evicts one of them, by which the producer knows.
  std::vector<std::string> receipts;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name& size_bytes& chunks& receipts;
  }
};

/// Chunks are this large, or larger where a file would have more than `most_chunks` of them.
inline constexpr std::uint64_t least_chunk_bytes = std::uint64_t{8} << 20U;
inline constexpr std::uint64_t most_chunks = 8192;
/// What a consumer accepts from a producer it does not know.
inline constexpr std::uint64_t most_chunk_bytes = std::uint64_t{1} << 30U;

/// The size of every chunk but the last.
std::uint64_t chunk_bytes_of(std::uint64_t file_bytes) noexcept;

/// Throws `corrupt` unless name and sizes are what `put` would have written.
void check(const offered_file& offered);

/// Ends one of the receipts, if there are any left.
void give_receipt(const offered_file& offered);

}  // namespace farhold::tools

template <>
inline constexpr std::string_view farhold::type_name<farhold::tools::offered_file> = "farhold.file/1";
