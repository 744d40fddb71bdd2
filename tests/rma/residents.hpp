// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>

#include <farhold/connector.hpp>

#include "fixtures.hpp"

// Memory of a user's that tests publish where it lies.

namespace farhold::rma {

/// The ways in which an object can come into a store.
enum class way_in : std::uint8_t { copied, born, adopted, lent };

/// What a user's container is to a store: bytes, and what becomes of them when they are released. Overwrites
/// them then, so that whoever still looks is found out.
class user_memory {
 public:
  user_memory(std::uint64_t length, std::uint64_t seed, std::atomic<int>& released,
              std::pmr::memory_resource* from = std::pmr::new_delete_resource())
      : from_(from), length_(length), released_(released) {
    at_ = static_cast<std::byte*>(from->allocate(length, 64));
    fill_pattern(span(), seed);
  }
  user_memory(const user_memory&) = delete;
  user_memory& operator=(const user_memory&) = delete;
  ~user_memory() {
    if (from_ != nullptr) from_->deallocate(at_, length_, 64);
  }

  [[nodiscard]] byte_span span() noexcept { return {at_, length_}; }
  /// What a connector is to be given; the memory belongs to it afterwards.
  [[nodiscard]] resident as_resident(bool lent = false) noexcept {
    return {.memory = span(),
            .lent = lent,
            .born = from_ != std::pmr::new_delete_resource(),
            .owner = this,
            .release = [](void* owner) noexcept { static_cast<user_memory*>(owner)->on_release(); }};
  }

 private:
  void on_release() noexcept {
    fill_pattern(span(), 0xDEAD);
    std::atomic<int>& counter = released_;
    delete this;
    ++counter;
  }

  std::pmr::memory_resource* from_;
  std::uint64_t length_;
  std::atomic<int>& released_;
  std::byte* at_ = nullptr;
};

}  // namespace farhold::rma
