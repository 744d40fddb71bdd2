// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "connection.hpp"
#include "object.hpp"

namespace farhold::redis {

// Objects that end with their last read. Each read takes a place among as many as there are, under a name of
// its own, so that one that is tried again takes no second place; then it brings the bytes; then it says that
// it is done. Who says so last ends the object. When all places are taken, the object ends after a lease in
// any case: one of its readers may have died.

/// So long may a reader take.
inline constexpr std::int64_t read_lease_ms = 600'000;

/// Names one read: the consumer, and its number there.
class read_name {
 public:
  read_name(std::uint64_t consumer, std::uint64_t number) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 32> text_{};
};

/// `not_found`: the object is not there. `stale`: all its places are taken.
status begin_read(connection& c, const object& what, const read_name& mine, const patience& caller) noexcept;
/// `well`: the bytes have come; else the place is given back. `ended`: that was the last one.
status end_read(connection& c, const object& what, const read_name& mine, bool well, bool& ended,
                const patience& caller) noexcept;

}  // namespace farhold::redis
