// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <farhold/transport.hpp>

#include "frames.hpp"
#include "socket.hpp"

namespace farhold::shm::detail {

/// A message that is out, for its sender.
struct sent_message {
  std::uint64_t cookie = 0;
  status outcome;
};

/// A connection, with the packets that its socket would not take yet.
///
/// Threads   One at a time.
class link {
 public:
  /// Packets that wait. Whoever has so many unread is not listened to.
  static constexpr std::size_t max_waiting = 64;

  link(socket line, peer_id peer, bool outgoing) noexcept
      : line_(std::move(line)), peer_(peer), outgoing_(outgoing) {}

  [[nodiscard]] const socket& line() const noexcept { return line_; }
  [[nodiscard]] peer_id peer() const noexcept { return peer_; }
  /// Whether this process has called the other.
  [[nodiscard]] bool outgoing() const noexcept { return outgoing_; }
  [[nodiscard]] bool full() const noexcept { return waiting_.size() >= max_waiting; }

  /// A frame of this transport's own.
  status send(byte_view frame) noexcept;
  /// A message. `sent` is told when it is out. `out_of_memory` if so many wait.
  status send(byte_view head, byte_view payload, std::uint64_t cookie,
              std::vector<sent_message>& sent) noexcept;
  /// Sends what waits, as far as the socket takes it.
  void flush(std::vector<sent_message>& sent) noexcept;
  /// Gives up what waits.
  void abandon(const status& why, std::vector<sent_message>& sent) noexcept;

  /// What epoll should look for.
  [[nodiscard]] std::uint32_t interest() const noexcept;

  // The owner's.
  bool admitted = false;      ///< it has said hello to us, or been welcomed by it
  std::uint32_t watched = 0;  ///< what epoll does look for
  std::chrono::steady_clock::time_point last_used = std::chrono::steady_clock::now();

 private:
  struct packet {
    std::vector<std::byte> front;  // frame head and message head
    byte_view payload;
    std::optional<std::uint64_t> cookie;
  };
  [[nodiscard]] socket::result try_send(byte_view front, byte_view more, byte_view payload) const noexcept;

  socket line_;
  peer_id peer_;
  bool outgoing_;
  std::deque<packet> waiting_;
};

}  // namespace farhold::shm::detail
