// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>

#include "keep.hpp"
#include "report.hpp"

// What a proxy costs the processor, each beside plain C++ that does the same without farhold.

namespace farhold::bench {

/// The object of these benchmarks.
struct small {
  std::array<std::uint64_t, 8> words{};
  bool operator==(const small&) const = default;
};
inline constexpr small sample_object{{1, 2, 3, 5, 8, 13, 21, 34}};

/// Objects in use at a time. Few enough to stay in a second-level cache: it is the code that is measured.
inline constexpr std::uint64_t objects_at_a_time = 256;

void access(report& to);      ///< a resolved proxy, a cache hit, a resolve
void handles(report& to);     ///< making, copying, sorting and hashing proxies
void tokens(report& to);      ///< a proxy as bytes
void publishing(report& to);  ///< an object into a store

}  // namespace farhold::bench
