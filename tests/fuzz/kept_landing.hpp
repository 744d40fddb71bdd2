// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <vector>

#include <farhold/connector.hpp>

namespace fuzz {

/// Keeps what a connector brings. Null for more than inputs can be of.
class kept_landing final : public farhold::landing {
 public:
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 20U;

  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    if (size_bytes > most_bytes || spare_bytes > most_bytes) return nullptr;
    memory_.resize(size_bytes + spare_bytes);
    size_ = size_bytes;
    return memory_.data();
  }
  farhold::status fill(farhold::byte_view source) noexcept override {
    memory_.assign(source.begin(), source.end());
    size_ = source.size();
    return {};
  }
  [[nodiscard]] farhold::byte_view bytes() const { return farhold::byte_view(memory_).first(size_); }

 private:
  std::vector<std::byte> memory_;
  std::size_t size_ = 0;
};

}  // namespace fuzz
