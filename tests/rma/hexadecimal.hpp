// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/key.hpp>

// Keys and cards as words of a line, for tests whose processes talk by pipes.

namespace farhold::rma {

inline std::string to_hexadecimal(byte_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += digits[std::to_integer<std::size_t>(b >> 4)];
    text += digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return text;
}

inline std::vector<std::byte> from_hexadecimal(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hexadecimal(const key& k) {
  std::vector<std::byte> bytes(k.encoded_bytes());
  k.encode(bytes.data());
  return to_hexadecimal(byte_view(bytes));
}

inline key key_from_hexadecimal(std::string_view text) {
  const std::vector<std::byte> bytes = from_hexadecimal(text);
  byte_view rest = bytes;
  return key::decode(rest);
}

}  // namespace farhold::rma
