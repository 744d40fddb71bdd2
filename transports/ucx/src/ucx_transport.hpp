// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <string_view>

#include <farhold/transport.hpp>

#include "hardware.hpp"
#include "rma/control_channel.hpp"
#include "rma/net_address.hpp"
#include "ucx_wire.hpp"

namespace farhold::ucx::detail {

/// Messages between processes that UCX can connect, which meet when they must, and reads by hardware where
/// there is some.
///
/// Lifetime  `open` and `close` need nobody else.
/// Threads   All but `open` and `close`.
/// Progress  Sleeps on one descriptor.
class ucx_transport final : public transport {
 public:
  ucx_transport(const rma::net_address& where, const rma::job_secret& secret, ucx::hardware_use use)
      : address_(where), secret_(secret), use_(use) {}
  ~ucx_transport() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "ucx"; }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override {
    return {
        .one_sided = hardware_.is_up(), .host_progress = true, .collective = false, .serves_instead = true};
  }

  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override;
  status close(std::chrono::nanoseconds timeout) noexcept override;

  [[nodiscard]] peer_id self() const noexcept override { return 0; }
  [[nodiscard]] peer_id peer_count() const noexcept override { return 1; }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override { return channel_.card(peer); }

  [[nodiscard]] std::string address() const override { return address_.to_string(); }
  status introduce(std::string_view address, std::uint64_t incarnation, peer_id& peer) noexcept override {
    return channel_.introduce(address, incarnation, peer);
  }
  [[nodiscard]] std::string address_of(peer_id peer) const override { return channel_.address_of(peer); }
  status meet(peer_id peer, bool& done) noexcept override { return channel_.meet(peer, done); }

  [[nodiscard]] std::string remarks() const override;
  [[nodiscard]] bool can_read(peer_id peer) noexcept override { return hardware_.wants(peer); }
  status start(remote_read& read) noexcept override { return hardware_.start(read); }
  status test(remote_read& read, bool& done) noexcept override { return hardware_.test(read, done); }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override;
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override { return ucx_wire::max_body_bytes; }

  bool progress() noexcept override {
    const bool moved = channel_.progress();
    return hardware_.progress() || moved;
  }
  [[nodiscard]] int event_fd() const noexcept override { return events_ >= 0 ? events_ : wire_.event_fd(); }
  bool arm() noexcept override {
    return channel_.rests([this] { return wire_.arm(); }) && hardware_.arm();
  }

 private:
  status open_hardware(byte_span memory) noexcept;

  rma::net_address address_;
  rma::job_secret secret_;
  ucx::hardware_use use_;
  byte_span memory_;
  int events_ = -1;  // of both workers, if there are two
  hardware hardware_;
  ucx_wire wire_;
  rma::control_channel channel_{wire_};
};

}  // namespace farhold::ucx::detail
