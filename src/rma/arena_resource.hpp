// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory_resource>
#include <mutex>
#include <unordered_map>

#include <farhold/bytes.hpp>

#include "arenas.hpp"

namespace farhold::rma {

/// Memory of the arenas for containers, each allocation in a block with room for a trailer behind it: what is
/// born here can be published where it lies.
///
/// Lifetime  Of the process: an empty container may hold on to it long after its store. Allocations keep the
///           arenas; after `close` there are no new ones.
/// Threads   All of it.
/// Errors    std::bad_alloc, as containers expect; for alignments above 64 too.
class arena_resource final : public std::pmr::memory_resource {
 public:
  /// Null if there is no memory for it.
  static arena_resource* make(arenas& memory) noexcept;

  /// Whether `memory` is the front of an allocation, and what the arenas know that by.
  [[nodiscard]] bool find(byte_view memory, std::uint64_t& handle) const noexcept;
  void close() noexcept;

 private:
  struct allocation {
    std::uint64_t handle = 0;
    std::size_t bytes = 0;
  };

  explicit arena_resource(arenas& memory) noexcept : memory_(&memory) {}

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* at, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  mutable std::mutex mutex_;
  arenas_ptr memory_;  // null once closed and empty
  bool closed_ = false;
  std::unordered_map<const void*, allocation> live_;
};

}  // namespace farhold::rma
