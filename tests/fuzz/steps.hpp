// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <farhold/bytes.hpp>

namespace fuzz {

/// An input as a sequence of choices. Once it is used up all choices are 0 and all bytes are none.
class steps {
 public:
  explicit steps(farhold::byte_view all) : left_(all) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(left_.front());
    left_ = left_.subspan(1);
    return first;
  }
  /// As many as the next byte says, if there are so many.
  std::vector<std::byte> bytes() {
    const std::size_t count = byte();
    const farhold::byte_view some = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(some.size());
    return {some.begin(), some.end()};
  }

 private:
  farhold::byte_view left_;
};

}  // namespace fuzz
