// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "control_wire.hpp"
#include "net_address.hpp"

namespace farhold::rma {

/// Packets one behind the other, linked through the state that packets keep for their wire.
class packet_queue {
 public:
  struct place {
    packet* next = nullptr;
    std::size_t sent_bytes = 0;
    status outcome;
  };
  static_assert(sizeof(place) <= sizeof(packet::state));

  /// Of a packet that was pushed.
  static place& of(packet& p) noexcept;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] packet& front() const noexcept { return *first_; }
  void push(packet& p, const status& outcome = {}) noexcept;
  packet& pop() noexcept;

 private:
  packet* first_ = nullptr;
  packet* last_ = nullptr;
};

/// One TCP connection. On it packets are a length (4 bytes, little-endian, of all that follows), the head of
/// a control frame, and a body. A length of 0 says that the other process has no room for a connection. What
/// arrives is parsed as hostile.
///
/// Lifetime  Owns the socket. A forked child finds it closed.
/// Threads   One at a time.
class socket_line {
 public:
  static constexpr std::size_t max_body_bytes = std::size_t{256} << 10U;

  /// A socket that somebody has connected.
  socket_line(int fd, link_number number);
  socket_line(const socket_line&) = delete;
  socket_line& operator=(const socket_line&) = delete;
  ~socket_line();

  /// A socket that begins to connect. Throws std::bad_alloc.
  static status call(const net_address& where, link_number number, std::unique_ptr<socket_line>& out);
  /// Says that there is no room, and hangs up.
  static void turn_away(int fd) noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] link_number number() const noexcept { return number_; }
  [[nodiscard]] bool waits_for_room() const noexcept { return connecting_ || !to_send_.empty(); }
  /// Whether whoever watches the socket has asked to be told of room in it; the watcher's to set.
  bool room_is_watched = false;

  /// What it can do by itself it does at once.
  void post(packet& p, packet_queue& finished) noexcept;
  /// Sends what there is room for.
  void send(packet_queue& finished) noexcept;
  /// Receives once, and tells of every packet that is whole. An error: the connection has ended, because of
  /// that.
  status receive(wire_listener& to) noexcept;
  /// Whether it is up, now that the kernel has told something of it; `why` if it never will be.
  [[nodiscard]] bool has_come_up(status& why) noexcept;
  /// Ends it. What was not sent is handed to `finished`, as failed; with `flush` it is tried once more
  /// before.
  void hang_up(bool flush, packet_queue& finished) noexcept;

 private:
  static constexpr std::size_t length_bytes = 4;
  static constexpr std::size_t max_packet_bytes = control_frame::head_bytes + max_body_bytes;
  static constexpr std::size_t buffer_bytes = length_bytes + max_packet_bytes;
  /// Of what is not yet known to be one large packet.
  static constexpr std::size_t read_ahead_bytes = std::size_t{32} << 10U;

  [[nodiscard]] bool send_some(packet& p) noexcept;
  [[nodiscard]] std::size_t bytes_to_ask_for() const noexcept;
  status take_packets(wire_listener& to) noexcept;

  int fd_;
  const link_number number_;
  bool connecting_ = false;
  status broken_;  // once it never came up
  packet_queue to_send_;
  std::unique_ptr<std::byte[]> arrived_;
  std::size_t arrived_bytes_ = 0;
};

}  // namespace farhold::rma
