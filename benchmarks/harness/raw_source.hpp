// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>

#include <farhold/bytes.hpp>

namespace farhold::bench {

/// The producer's raw memory, read without farhold, by the same means.
///
/// Errors    A read that fails throws: there is nothing to compare with then.
class raw_source {
 public:
  raw_source() = default;
  raw_source(const raw_source&) = delete;
  raw_source& operator=(const raw_source&) = delete;
  virtual ~raw_source() = default;

  virtual void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) = 0;
  /// The memory itself, where it can be looked at in place; else empty.
  [[nodiscard]] virtual byte_view view() const noexcept { return {}; }
};

}  // namespace farhold::bench
