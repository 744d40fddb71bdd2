// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <utility>

#include <farhold/connector.hpp>

namespace folder {

/// A file's bytes in memory.
///
/// Lifetime  They stay as they are when the file is removed: it ends with its last mapping.
class mapped_file {
 public:
  mapped_file() = default;
  explicit mapped_file(farhold::byte_span bytes) noexcept : bytes_(bytes) {}
  mapped_file(mapped_file&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~mapped_file() { unmap(bytes_); }

  [[nodiscard]] farhold::byte_span bytes() const noexcept { return bytes_; }
  /// The bytes, for somebody who calls `unmap`.
  [[nodiscard]] farhold::byte_span release() noexcept { return std::exchange(bytes_, {}); }
  /// The mapping as a pin: whoever looks at the bytes keeps it.
  [[nodiscard]] farhold::pin release_as_pin() noexcept;

  static void unmap(farhold::byte_span bytes) noexcept;

 private:
  farhold::byte_span bytes_;
};

/// A new file of that size, to be written. It has its room on the disk: a write cannot fail.
farhold::status create_file(const char* name, std::uint64_t size_bytes, mapped_file& out) noexcept;
/// `not_found` if there is no such file, `corrupt` if it has another size.
farhold::status open_file(const char* name, std::uint64_t size_bytes, mapped_file& out) noexcept;

/// What errno says, as an error of farhold.
farhold::status failed(int error_number, const char* where) noexcept;

}  // namespace folder
