// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <sys/types.h>

#include <farhold/transport.hpp>

#include "link.hpp"

namespace farhold::shm::detail {

/// What a switchboard tells, on the thread that progresses it.
class switchboard_listener {
 public:
  virtual void on_message(peer_id from, byte_view message) noexcept = 0;
  virtual void on_sent(std::uint64_t cookie, status outcome) noexcept = 0;
  virtual void on_lost(peer_id peer, status why) noexcept = 0;
  virtual void on_refused() noexcept = 0;
  /// `peer`, which was called, has said who it is. `pid` is its process as it is seen from here; 0: not at
  /// all.
  virtual void on_welcome(peer_id peer, byte_view card, pid_t pid) noexcept = 0;

 protected:
  ~switchboard_listener() = default;
};

/// The connections of one store: those it has made to others, and those others have made to it. Only
/// processes of the same user get through.
///
/// A caller has a number of its own for as long as it stays connected; numbers are not used again.
///
/// Lifetime  `open` before all else, `close` at the end.
/// Threads   All but `open` and `close`.
/// Progress  `progress` does all the receiving, and the sending that had to wait.
class switchboard {
 public:
  static constexpr std::size_t max_callers = 128;  ///< connected to us
  static constexpr std::size_t max_calls = 64;     ///< connected by us
  static constexpr peer_id first_caller = 0x8000'0000U;

  switchboard() = default;
  switchboard(const switchboard&) = delete;
  switchboard& operator=(const switchboard&) = delete;
  ~switchboard();

  /// `card` is what callers are told.
  status open(std::uint64_t incarnation, byte_view card) noexcept;
  /// False if somebody still progresses at the end of the time.
  bool close(switchboard_listener& to, std::chrono::nanoseconds timeout) noexcept;

  /// Connects to the store of that incarnation, which is `peer` from then on, unless there is a connection.
  /// What was called says so by `on_welcome` or `on_lost`.
  status call(peer_id peer, std::uint64_t incarnation) noexcept;
  [[nodiscard]] bool is_connected(peer_id peer) const noexcept;
  /// To one who is connected; `unreachable` if it is not.
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept;

  bool progress(switchboard_listener& to) noexcept;
  [[nodiscard]] int event_fd() const noexcept { return epoll_; }
  [[nodiscard]] bool anything_to_tell() const noexcept;

 private:
  static constexpr std::uint64_t listener_key = ~std::uint64_t{0};
  using clock = std::chrono::steady_clock;

  // On the progressing thread.
  void let_in(switchboard_listener& to) noexcept;
  void admit(socket line) noexcept;
  void attend(peer_id who, std::uint32_t events, switchboard_listener& to) noexcept;
  [[nodiscard]] bool handle(link& from, byte_view packet, switchboard_listener& to, status& why) noexcept;
  [[nodiscard]] bool handle_caller(link& from, const frame& f, switchboard_listener& to) noexcept;
  void drop(link& gone, const status& why, switchboard_listener& to) noexcept;
  bool tell_sent(switchboard_listener& to) noexcept;

  // With the mutex held.
  [[nodiscard]] link* find(peer_id who) const noexcept;
  [[nodiscard]] link& add(socket line, peer_id peer, bool outgoing);
  void watch(link& l) const noexcept;
  [[nodiscard]] bool make_room(bool outgoing) noexcept;
  void refuse(link& l, errc reason) noexcept;

  std::uint64_t incarnation_ = 0;
  std::array<std::byte, frame::head_bytes + rma::card::encoded_bytes> welcome_{};
  int epoll_ = -1;
  int spare_ = -1;  // given up for a moment to turn a caller away when there are no descriptors left
  socket listener_;
  std::vector<std::byte> buffer_;
  std::atomic<bool> progressing_{false};
  bool stranger_logged_ = false;

  mutable std::mutex mutex_;
  bool closed_ = true;
  peer_id last_caller_ = first_caller;
  std::size_t callers_ = 0;
  std::unordered_map<peer_id, std::unique_ptr<link>> links_;
  std::vector<sent_message> sent_;
};

}  // namespace farhold::shm::detail
