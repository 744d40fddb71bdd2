// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include <farhold/transport.hpp>

#include "rma/card.hpp"
#include "switchboard.hpp"
#include "whereabouts.hpp"

namespace farhold::shm::detail {

/// Messages between the processes of one host, which meet when they must. Reading each other's memory is the
/// engine's affair; this finds out who has it.
///
/// Who a peer is stands in its segment, read without its help; where the segment may not be opened (another
/// pid or user namespace, a process that hides itself) the peer is asked.
///
/// Lifetime  `open` and `close` need nobody else.
/// Threads   All but `open` and `close`.
/// Progress  Sleeps on one descriptor.
class shm_transport final : public transport, private switchboard_listener {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "shm"; }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override {
    return {.one_sided = false, .host_progress = true, .collective = false};
  }

  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override;
  status close(std::chrono::nanoseconds timeout) noexcept override;

  [[nodiscard]] peer_id self() const noexcept override { return 0; }
  [[nodiscard]] peer_id peer_count() const noexcept override { return 1; }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override;

  [[nodiscard]] std::string address() const override { return address_.to_string(); }
  status introduce(std::string_view address, std::uint64_t incarnation, peer_id& peer) noexcept override;
  [[nodiscard]] std::string address_of(peer_id peer) const override;
  status meet(peer_id peer, bool& done) noexcept override;

  status start(remote_read&) noexcept override { return no_reads; }
  status test(remote_read&, bool&) noexcept override { return no_reads; }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override;
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override { return frame::max_payload_bytes; }

  bool progress() noexcept override { return board_.progress(*this); }
  [[nodiscard]] int event_fd() const noexcept override { return board_.event_fd(); }
  bool arm() noexcept override { return !board_.anything_to_tell(); }

  /// What an introduced peer costs here.
  static constexpr std::size_t bytes_per_peer() noexcept { return sizeof(acquaintance); }

 private:
  static constexpr status no_reads{errc::unsupported, 0, "start: messages only"};
  using card_bytes = std::array<std::byte, rma::card::encoded_bytes>;

  struct acquaintance {
    whereabouts at;
    errc refused = errc::ok;  // by itself, when it was called
    std::uint64_t incarnation = 0;
    std::unique_ptr<const card_bytes> card;  // once it was met
  };

  void on_message(peer_id from, byte_view message) noexcept override { listener_->on_message(from, message); }
  void on_sent(std::uint64_t cookie, status outcome) noexcept override {
    listener_->on_sent(cookie, outcome);
  }
  void on_lost(peer_id peer, status why) noexcept override;
  void on_refused() noexcept override { listener_->on_refused(); }
  void on_welcome(peer_id peer, byte_view card, pid_t pid) noexcept override;

  status call(peer_id peer, const whereabouts& at, std::uint64_t incarnation) noexcept;
  /// Nothing for callers and unknown ones. With the mutex held.
  [[nodiscard]] const acquaintance* known(peer_id peer) const noexcept {
    return peer < acquaintances_.size() ? &acquaintances_[peer] : nullptr;
  }

  transport_listener* listener_ = nullptr;
  byte_span memory_;
  whereabouts address_;
  switchboard board_;
  mutable std::mutex mutex_;
  std::deque<acquaintance> acquaintances_;  // the first is this process itself
};

}  // namespace farhold::shm::detail
