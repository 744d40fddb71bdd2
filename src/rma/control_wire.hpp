// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <farhold/transport.hpp>

#include "control_frames.hpp"

namespace farhold::rma {

/// One end of a connection, numbered by the process it is in. 0 is none; numbers are not used again.
using link_number = std::uint32_t;

/// Something on its way out. The channel's; it stays where it is until the wire is done with it.
struct packet {
  static constexpr std::size_t front_limit = 128;

  control_frame::head_span head{};
  std::array<std::byte, front_limit> front{};  ///< what comes before `payload`, copied
  std::uint32_t front_bytes = 0;
  byte_view payload;
  alignas(16) std::array<std::byte, 64> state{};  ///< the wire's own

  // The channel's own.
  peer_id to = 0;
  std::uint64_t cookie = 0;
  bool under_way = false;
  bool wants_notice = false;

  [[nodiscard]] byte_view front_view() const noexcept { return byte_view(front).first(front_bytes); }
};

/// What a wire tells, inside `turn`.
class wire_listener {
 public:
  /// Somebody calls. The number of our end; 0 turns the caller away.
  virtual link_number on_call() noexcept = 0;
  /// `from` may be 0 where the wire cannot tell, but not for the first packet of a caller.
  virtual void on_packet(link_number from, byte_view head, byte_view body) noexcept = 0;
  /// The wire is done with a packet that it had taken.
  virtual void on_out(packet& done, status outcome) noexcept = 0;
  /// The connection has ended. It still has to be hung up.
  virtual void on_broken(link_number which, status why) noexcept = 0;
  /// Something arrived that is no packet.
  virtual void on_nonsense() noexcept = 0;

 protected:
  ~wire_listener() = default;
};

/// The connections of a fabric, as the control channel needs them.
///
/// Threads   One at a time: the channel sees to it.
/// Errors    No call throws.
class control_wire {
 public:
  control_wire() = default;
  control_wire(const control_wire&) = delete;
  control_wire& operator=(const control_wire&) = delete;
  virtual ~control_wire() = default;

  /// Whether `call` can make sense of it.
  [[nodiscard]] virtual bool is_address(std::string_view text) const noexcept = 0;
  /// Begins a connection; `mine` is the number of our end. Packets may be posted at once.
  virtual status call(std::string_view address, link_number mine) noexcept = 0;
  /// After success `on_out` follows, in a later `turn`, whatever becomes of the connection.
  virtual status post(link_number over, packet& what) noexcept = 0;
  /// Ends a connection. What was posted and is not out yet comes out as failed, or, with `flush`, still goes
  /// out if it can. Not inside a call of the listener.
  virtual void hang_up(link_number which, bool flush) noexcept = 0;
  /// Moves things, and tells of them. True if anything happened.
  virtual bool turn(wire_listener& to) noexcept = 0;
};

}  // namespace farhold::rma
