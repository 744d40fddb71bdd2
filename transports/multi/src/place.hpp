// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <farhold/key.hpp>

namespace farhold::multi {

inline constexpr std::size_t most_parts = 16;

/// Where an object is: a part and the object's key there, and the same of its twin, if it has one.
///
/// As the identifier of a key: part (1), twin or 0xff (1), length of the first identifier (1), both
/// identifiers.
struct place {
  std::size_t part = 0;
  key inner;
  std::optional<std::size_t> twin;
  key twin_inner;
};

/// False if it does not fit into a key.
bool to_key(const place& from, key& out) noexcept;
/// Nothing if no multi store has made the key.
std::optional<place> place_of(const key& from) noexcept;

/// The URIs of parts by their index, and the twin's index.
struct directory {
  std::map<std::size_t, std::string> parts;
  std::optional<std::size_t> twin;
};

/// What travels in proxies: only parts that have a URI, opened when they are needed.
std::string to_uri(const directory& parts);

/// A part's URI as it stands within another: '%' and '&' as %hh, and back. Decoding throws
/// `invalid_argument`.
std::string encoded(std::string_view uri);
std::string decoded(std::string_view text);

}  // namespace farhold::multi
