// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "place.hpp"

#include <algorithm>

#include <farhold/error.hpp>

namespace farhold::multi {

namespace {

constexpr std::byte no_twin{0xff};
constexpr std::size_t head_bytes = 3;

}  // namespace

bool to_key(const place& from, key& out) noexcept {
  const byte_view first = from.inner.id();
  const byte_view second = from.twin ? from.twin_inner.id() : byte_view();
  const std::size_t size = head_bytes + first.size() + second.size();
  if (size > key::max_id_bytes) return false;
  std::array<std::byte, key::max_id_bytes> id{};
  id[0] = static_cast<std::byte>(from.part);
  id[1] = from.twin ? static_cast<std::byte>(*from.twin) : no_twin;
  id[2] = static_cast<std::byte>(first.size());
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), id.begin() + head_bytes));
  out = key(from.inner.type(), from.inner.size_bytes(), byte_view(id).first(size));
  return true;
}

std::optional<place> place_of(const key& from) noexcept {
  const byte_view id = from.id();
  if (id.size() < head_bytes) return std::nullopt;
  const auto part = std::to_integer<std::size_t>(id[0]);
  const auto twin = std::to_integer<std::size_t>(id[1]);
  const auto size = std::to_integer<std::size_t>(id[2]);
  const byte_view rest = id.subspan(head_bytes);
  const bool has_twin = id[1] != no_twin;
  if (part >= most_parts || (has_twin && twin >= most_parts) || size > rest.size()) return std::nullopt;
  if (size == 0 || has_twin != (rest.size() > size)) return std::nullopt;
  place found{.part = part,
              .inner = key(from.type(), from.size_bytes(), rest.first(size)),
              .twin = {},
              .twin_inner = {}};
  if (has_twin) {
    found.twin = twin;
    found.twin_inner = key(from.type(), from.size_bytes(), rest.subspan(size));
  }
  return found;
}

std::string to_uri(const directory& parts) {
  std::string text = "multi:///?late=on";
  for (const auto& [index, uri] : parts.parts) {
    if (!uri.empty()) text += "&" + std::to_string(index) + "=" + encoded(uri);
  }
  if (parts.twin) text += "&twin=" + std::to_string(*parts.twin);
  return text;
}

std::string encoded(std::string_view uri) {
  std::string text;
  for (const char c : uri) {
    if (c == '%')
      text += "%25";
    else if (c == '&')
      text += "%26";
    else
      text += c;
  }
  return text;
}

std::string decoded(std::string_view text) {
  std::string uri;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    if (text[i] != '%') {
      uri += text[i];
    } else if (three == "%25" || three == "%26") {
      uri += three == "%25" ? '%' : '&';
      i += 2;
    } else {
      throw error(errc::invalid_argument,
                  "in the URI of a multi store, a '%' of a part's URI is written %25");
    }
  }
  return uri;
}

}  // namespace farhold::multi
