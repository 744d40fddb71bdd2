// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <farhold/transport.hpp>

#include "admission.hpp"
#include "control_wire.hpp"

namespace farhold::rma {

/// A connection of the control channel, from the first packet to the last.
///
/// Threads   One at a time.
struct control_link {
  enum class state : std::uint8_t {
    calling,      ///< ours: hello is out
    responding,   ///< ours: the response is out
    called,       ///< theirs: nothing was heard yet
    challenging,  ///< theirs: the challenge is out
    open,
    refused,  ///< theirs: it was told, and is to hang up
  };

  control_link(link_number mine, peer_id whom, bool outgoing) noexcept
      : number(mine), peer(whom), at(outgoing ? state::calling : state::called) {}

  /// Whether this process has called the other.
  [[nodiscard]] bool outgoing() const noexcept { return called_out; }
  [[nodiscard]] bool is_open() const noexcept { return at == state::open; }

  const link_number number;
  link_number theirs = 0;  ///< the other end's number of it
  const peer_id peer;
  state at;
  const bool called_out = at == state::calling;
  bool doomed = false;  ///< to be hung up, because of `why`
  status why;

  handshake::nonce nonce{};  ///< our own
  handshake keys;
  bool keyed = false;
  rma::card shown;                    ///< ours: what the other end says of itself
  std::uint64_t sent = 0, heard = 0;  ///< numbers of tagged packets

  std::vector<packet*> waiting;  ///< until it is open
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_used = began;
};

}  // namespace farhold::rma
