// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <farhold/transport.hpp>

#include "acquaintances.hpp"
#include "admission.hpp"
#include "control_link.hpp"
#include "control_wire.hpp"

namespace farhold::rma {

/// Messages between processes that did not meet at the start, over the connections of whatever wire.
///
/// Connections are made when they are needed, by whoever asks, and as many at a time as are bounded here; one
/// that was idle gives way to another. The two ends prove to each other that they are of one job (admission),
/// and a caller that cannot learns nothing. What breaks is told, and made anew by the next message.
///
/// `send` and `meet` only leave notes: the wire is touched by `progress` alone, one thread at a time, and
/// without any lock of the channel, so that the listener may do as it likes.
///
/// Lifetime  `open` before all else, `close` at the end.
/// Threads   All but `open` and `close`.
/// Progress  `progress` does everything.
class control_channel final : private wire_listener {
 public:
  static constexpr std::size_t max_callers = 128;  ///< connected to us
  static constexpr std::size_t max_calls = 64;     ///< connected by us
  static constexpr std::size_t max_waiting = 64;   ///< messages to one peer that are not out yet
  static constexpr peer_id first_caller = 0x8000'0000U;
  /// So long may a connection take to come up while somebody waits for it, before it is made anew.
  static constexpr std::chrono::seconds patience{10};
  /// A connection that was not used for so long may be ended for another one's sake.
  static constexpr std::chrono::seconds long_idle{1};

  explicit control_channel(control_wire& wire) noexcept : wire_(wire) {}
  control_channel(const control_channel&) = delete;
  control_channel& operator=(const control_channel&) = delete;
  ~control_channel() = default;

  /// `address` is where this process is reached.
  status open(transport_listener& to, std::string address, byte_view card, job_secret secret) noexcept;
  /// Sends nothing more and ends all connections. False if somebody still progresses at the end of the time.
  bool close(std::chrono::nanoseconds timeout) noexcept;
  /// Tells the senders of what never went out. After the wire has ended.
  void forget_packets() noexcept;

  /// What is told to those that were let in, right after they were, and who hears what others tell.
  struct greeting {
    byte_view mine;  ///< stays where it is; at most `longest_greeting`
    void (*heard)(void* context, peer_id from, byte_view theirs) noexcept = nullptr;
    void* context = nullptr;
  };
  static constexpr std::size_t longest_greeting = 8192;
  /// Before `open`. Without it nothing is told.
  void greet_with(const greeting& words);

  // As in `transport`.
  status introduce(std::string_view address, std::uint64_t incarnation, peer_id& peer) noexcept;
  [[nodiscard]] std::string address_of(peer_id peer) const;
  [[nodiscard]] byte_view card(peer_id peer) const noexcept { return known_.card(peer); }
  status meet(peer_id peer, bool& done) noexcept;
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept;
  bool progress() noexcept;

  /// Whether nothing is left to do until the wire brings something. False while somebody progresses.
  template <class Arm>
  [[nodiscard]] bool rests(Arm&& wire_rests) noexcept {
    if (progressing_.exchange(true, std::memory_order_acquire)) return false;
    const bool idle = !anything_noted() && doomed_.empty() && wire_rests();
    progressing_.store(false, std::memory_order_release);
    return idle;
  }
  /// Connections that are open now.
  [[nodiscard]] std::size_t connections() const noexcept { return open_.load(std::memory_order_relaxed); }

  /// What an introduced peer costs here, besides an address of more than 15 characters.
  static constexpr std::size_t bytes_per_peer() noexcept { return acquaintances<std::string>::bytes_each(); }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr int rounds_per_progress = 16;

  // wire_listener
  link_number on_call() noexcept override;
  void on_packet(link_number from, byte_view head, byte_view body) noexcept override;
  void on_out(packet& done, status outcome) noexcept override;
  void on_broken(link_number which, status why) noexcept override;
  void on_nonsense() noexcept override { refuse("sent bytes that are no message"); }

  // All below by the thread that progresses.
  bool heed_notes() noexcept;
  void route(packet& p) noexcept;
  status dial(peer_id peer, control_link*& made) noexcept;
  [[nodiscard]] bool make_room(bool outgoing) noexcept;
  [[nodiscard]] control_link* find(link_number number) noexcept;
  [[nodiscard]] control_link* link_to(peer_id peer) noexcept;
  void post(control_link& over, packet& p, control_frame::kind what) noexcept;
  /// `payload` has to stay.
  void post(control_link& over, control_frame::kind what, byte_view body, byte_view payload = {}) noexcept;
  void on_hello(link_number from, byte_view body) noexcept;
  void on_challenge(control_link& over, byte_view body) noexcept;
  void on_response(control_link& over, byte_view body) noexcept;
  void on_welcome(control_link& over, byte_view body) noexcept;
  void on_greeting(control_link& over, byte_view body) noexcept;
  void meet(control_link& over) noexcept;
  void on_refusal(control_link& over, byte_view body) noexcept;
  void opened(control_link& now) noexcept;
  void doom(control_link& dying, const status& why) noexcept;
  bool bury() noexcept;
  void refuse(const char* what) noexcept;

  // With the mutex held.
  [[nodiscard]] packet* take_packet();

  [[nodiscard]] bool anything_noted() const noexcept {
    const std::scoped_lock lock(mutex_);
    return !outbox_.empty() || !wanted_.empty();
  }

  control_wire& wire_;
  transport_listener* listener_ = nullptr;
  job_secret secret_;
  std::uint64_t incarnation_ = 0;
  std::array<std::byte, rma::card::encoded_bytes> card_{};
  acquaintances<std::string> known_;
  greeting greeting_;
  content_digest digest_{};  // of the greeting

  std::atomic<bool> progressing_{false};
  std::atomic<std::size_t> open_{0};
  link_number last_link_ = 0;
  peer_id last_caller_ = first_caller;
  std::size_t callers_ = 0;
  std::unordered_map<link_number, std::unique_ptr<control_link>> links_;
  std::unordered_map<peer_id, control_link*> by_peer_;
  std::vector<link_number> doomed_;
  std::vector<packet*> no_room_;  // for a connection of their own, now
  bool refusal_logged_ = false;

  mutable std::mutex mutex_;
  bool closed_ = true;
  std::vector<packet*> outbox_, taken_;
  std::vector<peer_id> wanted_, dialled_;
  std::unordered_map<peer_id, std::size_t> under_way_;
  std::vector<std::unique_ptr<packet>> packets_;
  std::vector<packet*> free_packets_;
};

}  // namespace farhold::rma
