// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include "link.hpp"

namespace farhold::bench {

/// The rank that is read from: obeys, and sleeps in read(2) between orders. Returns at `order::end`.
void produce(std::uint64_t raw_bytes);

/// The other end, for the rank that measures.
class producer {
 public:
  /// Collective with `produce`.
  producer();

  [[nodiscard]] const introduction& about() const noexcept { return about_; }
  /// Of an order that is collective, or the last: not answered.
  void tell(const request& what) const { requests_.write(&what, sizeof what); }
  [[nodiscard]] answer ask(const request& what) const;
  /// Has an object of `bytes` bytes put.
  [[nodiscard]] key put(stored form, std::uint64_t bytes, std::uint64_t first) const;

 private:
  explicit producer(const introduction& about);

  introduction about_;
  pipe_end requests_, answers_;
};

}  // namespace farhold::bench
