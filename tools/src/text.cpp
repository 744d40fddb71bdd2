// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "text.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

#include <fmt/format.h>

namespace farhold::tools {

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95 && unit + 1 < units.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string printable(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return made;
}

void say(std::string_view message) {
  const std::string line = fmt::format("farhold: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace farhold::tools
