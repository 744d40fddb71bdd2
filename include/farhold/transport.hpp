// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

namespace farhold {

/// A process this transport can reach, counted from 0. What it means is the transport's (an MPI rank, a
/// slot of an endpoint table).
using peer_id = std::uint32_t;

/// What a transport hears from outside. Implemented above it (src/rma).
///
/// Threads   Called from whichever thread progresses the transport, one call at a time.
class transport_listener {
 public:
  /// One whole message arrived. `message` is valid during the call. It is hostile until parsed.
  virtual void on_message(peer_id from, byte_view message) noexcept = 0;
  /// A message is out: its memory is free to change. Called once per successful `send`.
  virtual void on_sent(std::uint64_t cookie, status outcome) noexcept = 0;
  /// The fabric is about to go away although nobody closed it (MPI_Finalize began): close now.
  virtual void on_fabric_ending() noexcept = 0;
  /// The connection to `peer` broke. What was asked over it will not be answered; a later `send` makes a new
  /// one.
  virtual void on_peer_lost(peer_id /*peer*/, status /*why*/) noexcept {}
  /// Somebody was turned away by the transport: a stranger, or bytes that are no message.
  virtual void on_refused() noexcept {}

 protected:
  ~transport_listener() = default;
};

/// One one-sided read from a peer's exposed memory. Belongs to the caller; the transport keeps the state of
/// its requests in it. May be moved by plain copy between calls (into the quarantine, say).
struct remote_read {
  peer_id peer = 0;
  std::uint64_t offset = 0;          ///< from the start of the peer's exposed memory, in bytes
  std::byte* destination = nullptr;  ///< must stay writable until `test` says done
  std::uint64_t size_bytes = 0;
  alignas(16) std::array<std::byte, 96> state{};  ///< the transport's own
};

struct transport_capabilities {
  bool one_sided = false;       ///< `start` works, for all peers or some (`can_read`); else only messages
  bool host_progress = false;   ///< a target must progress (its thread or a call) for reads from it to end
  bool collective = true;       ///< `open` and `close` need all peers
  bool serves_instead = false;  ///< messages may reach a peer although a read from it has just failed
};

/// A one-sided fabric: exposes memory, reads remote memory, and carries small messages.
///
/// It knows nothing of objects, tickets or validity; src/rma does, and no fabric.
///
/// Lifetime  `open` once, `close` once. The destructor makes no collective call: what was not closed leaks.
/// Threads   All but `open` and `close` may be called from any thread.
/// Errors    No call throws; native codes are in the status.
/// Progress  `progress` and `test` progress the fabric. Nothing else does.
class transport {
 public:
  transport() = default;
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  virtual ~transport() = default;

  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual transport_capabilities capabilities() const noexcept = 0;

  /// Exposes `memory` for the life of the transport and shows `card` to every peer. Collective where the
  /// fabric is: then it ends with one outcome on all peers. `outcome` is the caller's own so far (its arena
  /// may have failed): a peer that brings an error makes all fail with `where` of the first such peer.
  virtual status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
                      std::chrono::nanoseconds timeout) noexcept = 0;

  /// More than a status can say of `open`, for messages: which peer failed at what; or, after success, why
  /// there are no one-sided reads. Empty if there is nothing to say.
  [[nodiscard]] virtual std::string remarks() const { return {}; }

  [[nodiscard]] virtual peer_id self() const noexcept = 0;
  [[nodiscard]] virtual peer_id peer_count() const noexcept = 0;
  /// What `peer` gave to `open`; empty if unknown yet.
  [[nodiscard]] virtual byte_view card(peer_id peer) const noexcept = 0;

  // Fabrics whose processes did not meet in `open`: what another one needs to reach this one travels in
  // proxies, and a peer is added when such a proxy is met.

  /// How this process is reached; letters, digits, '.', ':' and '-' only. Empty: all peers are known since
  /// `open`.
  [[nodiscard]] virtual std::string address() const { return {}; }
  /// Takes down how to reach the process of that address, whose card has that incarnation. Does not wait.
  virtual status introduce(std::string_view /*address*/, std::uint64_t /*incarnation*/,
                           peer_id& /*peer*/) noexcept {
    return {errc::unsupported, 0, "introduce: all peers are known since open"};
  }
  /// The address a peer was introduced with; empty for others.
  [[nodiscard]] virtual std::string address_of(peer_id /*peer*/) const { return {}; }
  /// A step towards `card(peer)`, connecting if it must. `done`: it is there. After an error the next call
  /// tries anew.
  virtual status meet(peer_id /*peer*/, bool& done) noexcept {
    done = true;
    return {};
  }

  /// Whether reads from `peer` are to be started now; else it is asked to send. Does not wait: a fabric that
  /// has to connect for reads begins to.
  [[nodiscard]] virtual bool can_read(peer_id /*peer*/) noexcept { return capabilities().one_sided; }
  /// Begins a read. On an error nothing is pending.
  virtual status start(remote_read& read) noexcept = 0;
  /// Progresses a read. `done` is true when the fabric will not touch the destination again, whether the
  /// read succeeded or, by the status, failed. An error with `done` false: it failed and parts are still
  /// pending; keep the destination (quarantine) and go on testing.
  virtual status test(remote_read& read, bool& done) noexcept = 0;

  /// Sends one message made of two parts. `head` is copied; `payload` must not change until `on_sent`.
  /// Order between two peers is kept. `out_of_memory` if too many messages of this process are under way:
  /// there is room again after some `on_sent`.
  virtual status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept = 0;
  [[nodiscard]] virtual std::uint64_t max_message_bytes() const noexcept = 0;

  /// Moves messages. True if anything happened, so that a waiting thread looks again at once.
  virtual bool progress() noexcept = 0;
  /// Readable when `progress` has something to do, for one who sleeps; below 0: there is no such thing, poll.
  [[nodiscard]] virtual int event_fd() const noexcept { return -1; }
  /// Asked before each sleep: whether `event_fd` will tell of all that comes. False: progress again first.
  virtual bool arm() noexcept { return true; }
  /// Says that exposed memory was written by this process's processors (`MPI_Win_sync`).
  virtual void memory_changed() noexcept {}

  /// Withdraws everything. Collective where the fabric is; serves (`progress`) while it waits for the others.
  virtual status close(std::chrono::nanoseconds timeout) noexcept = 0;
};

}  // namespace farhold
