// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "options.hpp"
#include "peers.hpp"
#include "producer.hpp"
#include "quarantine.hpp"
#include "service.hpp"
#include "ticket.hpp"
#include "trailer.hpp"
#include "validation.hpp"

namespace farhold::rma {

/// The half of the engine that reads objects: finds who holds them and takes the first path there is.
///
/// Threads   All of it, once the peers are met.
class consumer {
 public:
  consumer(transport& fabric, producer& own, const options& how);

  status meet_peers() noexcept { return peers_.meet_all(fabric_); }
  /// Of a producer that a proxy names; cheap if it is known.
  status introduce(std::string_view address, std::uint64_t incarnation) noexcept {
    return peers_.find(incarnation) != nullptr ? status{} : peers_.introduce(fabric_, address, incarnation);
  }
  /// Null if nobody known here has that object, or its key is none of ours.
  [[nodiscard]] const peer* holder_of(const key& object) const noexcept;

  status get(const key& object, landing& where, const call_limits& limits, read_report& report) noexcept;
  void get_batch(std::span<read_request> requests) noexcept;
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept;
  status evict(const key& object, const call_limits& limits) noexcept;
  void exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept;
  void evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept;

  void on_reply(peer_id from, const message& reply) noexcept { client_.on_reply(from, reply); }
  void on_peer_lost(peer_id peer, const status& why) noexcept { client_.on_peer_lost(peer, why); }

  [[nodiscard]] quarantine& held() noexcept { return quarantine_; }
  /// Waits until the fabric is done with all memory of reads that were given up.
  [[nodiscard]] bool drain_quarantine(const deadline& until) noexcept;
  void collect(metrics& m) const noexcept;

 private:
  /// An object whose ticket makes sense, and who holds it.
  struct found {
    ticket object;
    peer* at = nullptr;
    std::chrono::nanoseconds spent{0};  // on meeting the peer for the first time
  };
  /// How many gets or questions of a batch are on the wire together.
  static constexpr std::size_t pipeline_depth = 32;

  status locate(const key& object, const call_limits& limits, found& out) noexcept;
  status ask(const found& wanted, message::kind what, const deadline& until) noexcept;
  /// Asks the producers of all objects, but for those that `settled(found, request, deadline)` without.
  template <class Settled>
  void ask_batch(message::kind what, std::span<key_request> requests, const call_limits& limits,
                 Settled&& settled) noexcept;
  /// Asks the producer about an object of which nobody here can tell how large it may be.
  status confirm(const found& wanted, const call_limits& limits) noexcept;
  [[nodiscard]] bool is_self(const peer& p) const noexcept { return p.id() == fabric_.self(); }
  [[nodiscard]] bool own_objects_directly(const peer& p) const noexcept {
    return is_self(p) && options_.same_host == same_host::automatic;
  }
  /// Gets what needs no fabric. False if the object has to come over it.
  bool get_nearby(const found& wanted, landing& where, status& outcome, path& way) noexcept;
  status get_mapped(const peer& p, const ticket& object, landing& where) noexcept;
  status get_by_cma(const peer& p, const ticket& object, landing& where) noexcept;
  status get_elsewhere(const peer& p, const ticket& object, landing& where) noexcept;
  /// Reads the trailer of an object in the arenas of a process on this host.
  status look_nearby(const peer& p, const ticket& object, trailer& out) noexcept;
  /// Reads the trailer of an object that is not ours, by the cheapest path.
  status look(const found& wanted, const deadline& until, std::optional<trailer>& trailer_found) noexcept;

  transport& fabric_;
  producer& own_;
  const options& options_;
  read_rules rules_;
  peers peers_;
  client client_;
  quarantine quarantine_;
  read_counters counters_;
};

}  // namespace farhold::rma
