// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace farhold::rma {

/// Divides an address range into blocks: two-level segregated fit, bounded time.
///
/// Knows offsets only; its records live outside the memory they describe, so that no reader's or user's
/// mistake can damage them. A block is named by the index of its record, which stays the same while it lives.
///
/// Threads   None; the owner locks.
/// Source    M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems", ECRTS 2004.
class allocator {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::uint64_t granule_bytes = 64;

  /// Manages [begin, end), both multiples of the granule, in at most `max_blocks` blocks, free ones included.
  allocator(std::uint64_t begin, std::uint64_t end, std::uint32_t max_blocks);

  /// A block of at least `bytes`, or `none`.
  [[nodiscard]] std::uint32_t allocate(std::uint64_t bytes) noexcept;
  void release(std::uint32_t block) noexcept;

  [[nodiscard]] std::uint64_t offset(std::uint32_t block) const noexcept { return blocks_[block].offset; }
  [[nodiscard]] std::uint64_t size(std::uint32_t block) const noexcept { return blocks_[block].size; }
  /// Block indices are below this.
  [[nodiscard]] std::uint32_t block_count() const noexcept {
    return static_cast<std::uint32_t>(blocks_.size());
  }
  [[nodiscard]] std::uint64_t free_bytes() const noexcept { return free_bytes_; }
  [[nodiscard]] std::uint64_t largest_free_bytes() const noexcept;

 private:
  // Size classes: a power of two, divided into 4. In wider classes there are more blocks to choose a low
  // address from, which keeps large holes better than a closer fit does (docs/design/decisions.md).
  static constexpr unsigned minor_bits = 2;
  static constexpr unsigned minors = 1U << minor_bits;
  static constexpr unsigned majors = 60;

  struct record {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint32_t before = none;  // neighbours in memory
    std::uint32_t after = none;
    std::uint32_t previous = none;  // neighbours in the list of free blocks of a class, or of spare records
    std::uint32_t next = none;
    bool free = false;
  };
  struct size_class {
    unsigned major;
    unsigned minor;
  };

  static size_class class_of(std::uint64_t size) noexcept;
  [[nodiscard]] std::uint32_t find(std::uint64_t size) const noexcept;
  [[nodiscard]] std::uint32_t find_in(std::uint32_t head, std::uint64_t size, int looks) const noexcept;
  [[nodiscard]] std::uint32_t new_record() noexcept;
  void link(std::uint32_t block) noexcept;
  void unlink(std::uint32_t block) noexcept;
  void absorb_next(std::uint32_t block) noexcept;

  std::vector<record> blocks_;
  std::uint32_t max_blocks_;
  std::uint32_t spare_ = none;
  std::uint64_t free_bytes_ = 0;
  std::uint64_t major_map_ = 0;
  std::array<std::uint32_t, majors> minor_map_{};
  std::array<std::array<std::uint32_t, minors>, majors> heads_;
};

}  // namespace farhold::rma
