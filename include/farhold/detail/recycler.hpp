// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace farhold::detail {

/// Memory that objects land in, aligned to 64, contents undefined. What is let go is kept for the next one of
/// about that size: a fresh page costs more than the bytes that a fabric writes into it.
///
/// Lifetime  Move-only; the end of it gives the memory back, on any thread.
/// Threads   Each thread keeps up to 64 MiB, all threads together 512 MiB, without a lock; what is more, or
///           larger, goes to a shared store of 512 MiB, and what is too much for that to the system, as does
///           all that a thread keeps when it ends.
/// Errors    `data()` is null if there is no memory.
class recycled_memory {
 public:
  /// Behind every piece: a one-sided read brings a trailer of 64 bytes along, and up to 7 of padding.
  static constexpr std::size_t spare_bytes = 128;
  static constexpr std::size_t alignment = 64;

  recycled_memory() = default;
  /// Room for `size_bytes`, and the spare bytes behind them.
  explicit recycled_memory(std::size_t size_bytes) noexcept : data_(take(size_bytes)) {
    if (data_ != nullptr) size_bytes_ = rounded(size_bytes);
  }
  recycled_memory(recycled_memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}
  recycled_memory& operator=(recycled_memory&& other) noexcept {
    recycled_memory taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~recycled_memory() {
    if (data_ != nullptr) give(data_, size_bytes_);
  }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  /// What it has room for: at least what was asked for.
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }

  void swap(recycled_memory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
  }

 private:
  static std::size_t rounded(std::size_t size_bytes) noexcept;
  static std::byte* take(std::size_t size_bytes) noexcept;
  static void give(std::byte* memory, std::size_t size_bytes) noexcept;

  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

/// What recycling has done so far in this process, for tests.
struct recycler_counts {
  std::uint64_t from_system = 0;          ///< pieces that had to be allocated
  std::uint64_t to_system = 0;            ///< pieces that were given back
  std::uint64_t kept_by_this_thread = 0;  ///< bytes
  std::uint64_t kept_by_all = 0;          ///< bytes, in the shared store
};
recycler_counts count_recycled() noexcept;

}  // namespace farhold::detail
