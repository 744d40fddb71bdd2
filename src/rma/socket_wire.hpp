// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <farhold/bytes.hpp>

#include "../detail/descriptor.hpp"
#include "control_wire.hpp"
#include "net_address.hpp"
#include "socket_line.hpp"

namespace farhold::rma {

/// Connections of the control channel as TCP sockets, for fabrics whose own messages cannot carry it: the end
/// of a process is seen at once, nobody is called for ever, and what the fabric does to its connections does
/// not touch these.
///
/// Lifetime  `open` before all else. `close`, or destruction, after everything was hung up.
/// Threads   One at a time; `event_fd` from any.
class socket_wire final : public control_wire {
 public:
  static constexpr std::size_t max_body_bytes = socket_line::max_body_bytes;

  socket_wire() = default;
  ~socket_wire() override { close(); }

  /// Listens at `where`; afterwards its port is known.
  status open(net_address& where) noexcept;
  void close() noexcept;

  /// Readable when `turn` has something to do; below 0 before `open`.
  [[nodiscard]] int event_fd() const noexcept { return events_.get(); }
  /// Whether `event_fd` will tell of all that comes.
  [[nodiscard]] bool arm() const noexcept { return finished_.empty(); }

  [[nodiscard]] bool is_address(std::string_view text) const noexcept override {
    return net_address::parse(text).has_value();
  }
  status call(std::string_view address, link_number mine) noexcept override;
  status post(link_number over, packet& what) noexcept override;
  void hang_up(link_number which, bool flush) noexcept override;
  bool turn(wire_listener& to) noexcept override;

 private:
  static constexpr link_number listener_number = 0;

  [[nodiscard]] bool watch(int fd, link_number number, std::uint32_t events, bool anew) const noexcept;
  /// Asks to be told of room in the socket only while something waits for it.
  void watch_room(socket_line& line) const noexcept;
  void let_in(wire_listener& to) noexcept;
  [[nodiscard]] int next_caller() noexcept;
  void serve(socket_line& line, std::uint32_t events, wire_listener& to) noexcept;

  detail::descriptor events_;
  detail::descriptor listener_;
  detail::descriptor spare_;  // given up for a moment to turn somebody away when there are no more
  std::unordered_map<link_number, std::unique_ptr<socket_line>> lines_;
  packet_queue finished_;  // to be told of in `turn`
};

}  // namespace farhold::rma
