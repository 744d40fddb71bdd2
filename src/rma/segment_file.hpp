// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include <sys/types.h>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "card.hpp"

namespace farhold::rma {

/// A file descriptor of another process, opened here to be read if it is a segment. All that is known of it
/// is what somebody said: until it is checked it may be anybody's pipe or device, and is not touched.
///
/// Lifetime  Owns the descriptor.
class segment_file {
 public:
  segment_file() = default;
  segment_file(const segment_file&) = delete;
  segment_file& operator=(const segment_file&) = delete;
  ~segment_file();

  /// Opens descriptor `fd` of process `pid`. `permission`: another user's, or a process that may not be
  /// looked into; `producer_lost`: there is no such thing; `corrupt`: it is no sealed memory.
  status open(pid_t pid, int fd) noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }

 private:
  int fd_ = -1;
  std::uint64_t size_bytes_ = 0;
};

/// Reads the card that the store of that incarnation shows in its segment. `producer_lost` if the descriptor
/// is another store's by now, or was in another pid namespace all along.
status read_card(pid_t pid, int fd, std::uint64_t incarnation, card& out) noexcept;

}  // namespace farhold::rma
