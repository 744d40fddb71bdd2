// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <farhold/transport.hpp>

namespace farhold::rma {

/// A transport between an engine and the real one, in both directions. Passes everything on; what stands in
/// between overrides what it is there for.
class passing_transport : public transport, protected transport_listener {
 public:
  explicit passing_transport(std::unique_ptr<transport> inner) noexcept : inner_(std::move(inner)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return inner_->name(); }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override {
    return inner_->capabilities();
  }
  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override {
    listener_ = &listener;
    return inner_->open(memory, card, outcome, *this, timeout);
  }
  [[nodiscard]] std::string remarks() const override { return inner_->remarks(); }
  [[nodiscard]] peer_id self() const noexcept override { return inner_->self(); }
  [[nodiscard]] peer_id peer_count() const noexcept override { return inner_->peer_count(); }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override { return inner_->card(peer); }
  [[nodiscard]] std::string address() const override { return inner_->address(); }
  status introduce(std::string_view address, std::uint64_t incarnation, peer_id& peer) noexcept override {
    return inner_->introduce(address, incarnation, peer);
  }
  [[nodiscard]] std::string address_of(peer_id peer) const override { return inner_->address_of(peer); }
  status meet(peer_id peer, bool& done) noexcept override { return inner_->meet(peer, done); }
  [[nodiscard]] bool can_read(peer_id peer) noexcept override { return inner_->can_read(peer); }
  status start(remote_read& read) noexcept override { return inner_->start(read); }
  status test(remote_read& read, bool& done) noexcept override { return inner_->test(read, done); }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    return inner_->send(to, head, payload, cookie);
  }
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override {
    return inner_->max_message_bytes();
  }
  bool progress() noexcept override { return inner_->progress(); }
  [[nodiscard]] int event_fd() const noexcept override { return inner_->event_fd(); }
  bool arm() noexcept override { return inner_->arm(); }
  void memory_changed() noexcept override { inner_->memory_changed(); }
  status close(std::chrono::nanoseconds timeout) noexcept override { return inner_->close(timeout); }

 protected:
  void on_message(peer_id from, byte_view message) noexcept override { listener_->on_message(from, message); }
  void on_sent(std::uint64_t cookie, status outcome) noexcept override {
    listener_->on_sent(cookie, outcome);
  }
  void on_fabric_ending() noexcept override { listener_->on_fabric_ending(); }
  void on_peer_lost(peer_id peer, status why) noexcept override { listener_->on_peer_lost(peer, why); }
  void on_refused() noexcept override { listener_->on_refused(); }

  [[nodiscard]] transport& inner() noexcept { return *inner_; }
  [[nodiscard]] transport_listener& listener() noexcept { return *listener_; }

 private:
  std::unique_ptr<transport> inner_;
  transport_listener* listener_ = nullptr;
};

}  // namespace farhold::rma
