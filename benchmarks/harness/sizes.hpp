// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>

namespace farhold::bench {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;

/// "64 KiB", as in the names of comparisons.
[[nodiscard]] inline std::string size_name(std::uint64_t bytes) {
  if (bytes >= gib) return std::to_string(bytes / gib) + " GiB";
  if (bytes >= mib) return std::to_string(bytes / mib) + " MiB";
  if (bytes >= kib) return std::to_string(bytes / kib) + " KiB";
  return std::to_string(bytes) + " B";
}

}  // namespace farhold::bench
