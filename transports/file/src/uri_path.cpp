// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "uri_path.hpp"

#include <algorithm>
#include <charconv>

#include <farhold/error.hpp>

namespace farhold::file {

std::string to_uri_path(std::string_view path) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 127 && c != '%' && c != '?' && c != '#') {
      text += c;
    } else {
      text += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return text;
}

std::string from_uri_path(std::string_view rest) {
  const auto refuse = [&](const char* why) {
    throw error(errc::invalid_argument, "'file://" + std::string(rest) + "' " + why);
  };
  constexpr std::string_view localhost = "localhost/";
  std::string_view from = rest;
  if (from.starts_with(localhost)) from.remove_prefix(localhost.size() - 1);
  if (!from.starts_with('/')) refuse("names no absolute path; write file:///path, with three slashes");
  std::string path;
  for (std::size_t i = 0; i < from.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(from[i]);
    if (from[i] == '%') {
      const char* const begin = from.data() + i + 1;
      const char* const end = from.data() + std::min(from.size(), i + 3);
      const auto [at, problem] = std::from_chars(begin, end, byte, 16);
      if (problem != std::errc{} || at != begin + 2)
        refuse("has a '%' without two hexadecimal digits behind it");
      i += 2;
    }
    if (byte == 0) refuse("has a zero byte in its path");
    path += static_cast<char>(byte);
  }
  return path;
}

}  // namespace farhold::file
