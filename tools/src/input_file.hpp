// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <farhold/array.hpp>

#include "detail/descriptor.hpp"

namespace farhold::tools {

using farhold::detail::descriptor;

/// A file that is to be offered.
///
/// Where the kernel grants a read lease it is mapped: nobody can change or shorten it before the lease is
/// given up. Else its bytes are read into memory, because a file that is shortened while it is mapped would
/// kill this process (SIGBUS), and one that is changed would hand out halves of two versions.
///
/// Lifetime  Owns mapping and lease; the bytes may be looked at until `give_up`.
/// Errors    Throws std::system_error, which names the file.
class input_file {
 public:
  /// `path` "-" is the standard input. `copy`: no lease.
  input_file(const std::string& path, bool copy);
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;
  ~input_file();

  /// Without folders.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  [[nodiscard]] bool mapped() const noexcept { return lease_.valid(); }

  /// Of a mapped one: its bytes.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(mapping_), size_bytes_};
  }
  /// Of one that is not mapped: its bytes in pieces, to be moved out.
  [[nodiscard]] std::vector<array<std::byte>>& pieces() noexcept { return pieces_; }

  /// Whether a lease broke on this descriptor (the `si_fd` of `lease_signal`).
  [[nodiscard]] bool leased_on(int fd) const noexcept { return mapped() && lease_.get() == fd; }
  /// Unmaps, and lets those write who wait for it.
  void give_up() noexcept;

  /// Sent when somebody wants to write to a mapped file. To be blocked before files are opened.
  static int lease_signal() noexcept;

 private:
  bool map(int fd);
  void read_all(int fd);

  std::string name_;
  std::uint64_t size_bytes_ = 0;
  void* mapping_ = nullptr;
  descriptor lease_;
  std::vector<array<std::byte>> pieces_;
};

}  // namespace farhold::tools
