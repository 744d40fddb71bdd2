// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/array.hpp>
#include <farhold/proxy.hpp>

#include "pattern.hpp"

namespace farhold::tools {

/// What a token of `farhold bench --serve` names: objects of several sizes, and how the same bytes can be had
/// without farhold.
struct bench_offer {
  /// Each is the beginning of the pattern that benchmarks use, and so is the raw memory.
  std::vector<proxy<array<bench::word>>> objects;

  // For processes of the same host.
  std::int64_t pid = 0;
  std::int32_t memory_fd = -1;
  std::uint64_t memory_address = 0;

  // For all: a stream that sends as much of it as it is asked for.
  std::string host;
  std::uint16_t port = 0;
  std::uint64_t secret = 0;  ///< to be said first

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& objects& pid& memory_fd& memory_address& host& port& secret;
  }
};

/// The sizes in bytes; the raw memory has that of the last.
inline constexpr std::uint64_t bench_sizes[] = {8, 64, 1024, 4096, 65536, 1048576, 16777216};
inline constexpr std::uint64_t bench_memory_bytes = bench_sizes[6];

/// Throws `corrupt` unless it is what `serve` would have offered.
void check(const bench_offer& offered);

}  // namespace farhold::tools

template <>
inline constexpr std::string_view farhold::type_name<farhold::tools::bench_offer> = "farhold.bench/1";
