// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace farhold::bench {

/// What objects are made of.
using word = std::uint64_t;

/// The content of the endless sequence that all objects are pieces of, and the raw memory is the beginning
/// of.
constexpr word word_at(std::uint64_t place) noexcept { return (place + 1) * 0x9E3779B97F4A7C15U; }

inline void fill(word* to, std::uint64_t count, std::uint64_t first) noexcept {
  for (std::uint64_t i = 0; i < count; ++i) to[i] = word_at(first + i);
}

/// Makes a container of the sequence's words in one pass, with none that are written twice.
class pattern_iterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = word;
  using difference_type = std::ptrdiff_t;
  using pointer = const word*;
  using reference = word;

  explicit pattern_iterator(std::uint64_t place) noexcept : place_(place) {}
  word operator*() const noexcept { return word_at(place_); }
  pattern_iterator& operator++() noexcept {
    ++place_;
    return *this;
  }
  pattern_iterator operator++(int) noexcept { return pattern_iterator(place_++); }
  bool operator==(const pattern_iterator&) const noexcept = default;

 private:
  std::uint64_t place_;
};

[[nodiscard]] inline bool right(const word* found, std::uint64_t count, std::uint64_t first) noexcept {
  word wrong = 0;
  for (std::uint64_t i = 0; i < count; ++i) wrong |= found[i] ^ word_at(first + i);
  return wrong == 0;
}

}  // namespace farhold::bench
