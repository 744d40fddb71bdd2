// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <farhold/connector.hpp>

namespace farhold::tools {

/// The bytes of an object of any type as its store keeps them: looked at in place where that can be, else
/// landed.
class stored_bytes final : public landing {
 public:
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    landed_.reset(new (std::nothrow) std::byte[size_bytes + spare_bytes]);
    shown_ = {};
    return landed_.get();
  }
  status fill(byte_view source) noexcept override {
    std::byte* const memory = prepare(source.size(), 0);
    if (memory == nullptr) return {errc::out_of_memory, 0, "allocate landing memory"};
    if (!source.empty()) std::memcpy(memory, source.data(), source.size());
    return {};
  }
  [[nodiscard]] bool wants_view() const noexcept override { return true; }
  void show(byte_view memory, pin hold) noexcept override {
    shown_ = memory;
    hold_ = std::move(hold);
  }
  [[nodiscard]] bool shown() const noexcept override { return shown_.data() != nullptr; }

  [[nodiscard]] byte_view bytes(std::uint64_t size_bytes) const noexcept {
    return shown() ? shown_ : byte_view(landed_.get(), size_bytes);
  }

 private:
  std::unique_ptr<std::byte[]> landed_;
  byte_view shown_;
  pin hold_;
};

}  // namespace farhold::tools
