// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

namespace farhold::shm::detail {

/// A non-blocking unix socket that keeps packets apart (SOCK_SEQPACKET): one end of a connection, or a
/// listener. Its name is in the abstract namespace, where nothing is left behind, and says the incarnation.
///
/// Lifetime  Owns the descriptor. A forked child finds it closed, so that the end of its parent is seen.
/// Threads   Sending and receiving beside each other.
class socket {
 public:
  enum class result : std::uint8_t { done, later, broken };

  socket() = default;
  explicit socket(int fd) noexcept;
  socket(socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  socket& operator=(socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~socket();

  static status listen(std::uint64_t incarnation, socket& out) noexcept;
  /// `producer_lost` if nobody listens, `permission` if another user does, `out_of_memory` if so many wait to
  /// be let in that one has to try again.
  static status connect(std::uint64_t incarnation, socket& out) noexcept;
  /// `broken` if there are no descriptors left.
  [[nodiscard]] result accept(socket& out) const noexcept;

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  /// Of who connected, or of who called listen.
  [[nodiscard]] ucred peer() const noexcept;

  [[nodiscard]] result send(std::span<const iovec> parts) const noexcept;
  /// One packet. A packet that does not fit has more bytes than `buffer`.
  [[nodiscard]] result receive(byte_span buffer, std::size_t& bytes) const noexcept;
  /// Both ends see the end of the connection; the descriptor stays until destruction.
  void hang_up() const noexcept;

 private:
  int fd_ = -1;
};

/// Whether that is our own user, and can be told from others: all users who have no name in a user namespace
/// look like one.
[[nodiscard]] bool is_own_user(const ucred& who) noexcept;

}  // namespace farhold::shm::detail
