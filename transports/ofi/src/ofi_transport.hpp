// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <string_view>

#include <farhold/transport.hpp>

#include "detail/descriptor.hpp"
#include "remote_reads.hpp"
#include "rma/control_channel.hpp"
#include "rma/entrance.hpp"
#include "rma/socket_wire.hpp"

namespace farhold::ofi::detail {

/// Messages over TCP sockets between processes that meet when they must, and reads by a provider of libfabric
/// where there is one.
///
/// Lifetime  `open` and `close` need nobody else.
/// Threads   All but `open` and `close`.
/// Progress  Sleeps on one descriptor, if the provider can wait.
class ofi_transport final : public transport {
 public:
  ofi_transport(const rma::entrance& door, std::string provider)
      : address_(door.where),
        secret_(door.secret),
        trusts_others_(door.for_others),
        provider_(std::move(provider)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "ofi"; }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override {
    return {.one_sided = reads_.are_up(), .host_progress = true, .collective = false, .serves_instead = true};
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
  [[nodiscard]] bool can_read(peer_id peer) noexcept override { return reads_.wants(peer); }
  status start(remote_read& read) noexcept override { return reads_.start(read); }
  status test(remote_read& read, bool& done) noexcept override { return reads_.test(read, done); }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override;
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override {
    return rma::socket_wire::max_body_bytes;
  }

  bool progress() noexcept override {
    const bool moved = channel_.progress();
    return reads_.progress() || moved;
  }
  [[nodiscard]] int event_fd() const noexcept override { return events_; }
  bool arm() noexcept override {
    return channel_.rests([this] { return wire_.arm(); }) && reads_.arm();
  }

 private:
  status open_reads(byte_span memory) noexcept;
  status watch() noexcept;

  rma::net_address address_;
  rma::job_secret secret_;
  bool trusts_others_;
  std::string provider_;
  byte_span memory_;
  int events_ = -1;
  farhold::detail::descriptor both_;  // of the wire and the reads
  remote_reads reads_;
  rma::socket_wire wire_;
  rma::control_channel channel_{wire_};
};

}  // namespace farhold::ofi::detail
