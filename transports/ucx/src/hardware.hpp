// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <ucp/api/ucp.h>

#include <farhold/transport.hpp>
#include <farhold/ucx.hpp>

#include "offer.hpp"

namespace farhold::ucx::detail {

/// Reads of other processes' arenas by InfiniBand-class devices, which ask nothing of the process that is
/// read.
///
/// A context of its own, that knows no other transport: over tcp and shared memory UCX would have the other
/// process do the copying, from any address it is told. What peers need to read here, the worker's address
/// and the arena's remote key, is an offer, which goes to those who were admitted (control channel) and to
/// nobody else. An endpoint is made at the first read from a peer, and used when it is up and has a lane for
/// remote reads; until then, and if it breaks, the peer is asked to send.
///
/// Lifetime  `open` and `close` once.
/// Threads   All but `open` and `close`.
/// Progress  Producers progress while an endpoint to them comes up, and not for reads.
class hardware {
 public:
  hardware() = default;
  hardware(const hardware&) = delete;
  hardware& operator=(const hardware&) = delete;
  ~hardware() { close(); }

  /// Registers `memory`. No success is no failure, but with `require`; `why_not` then says more.
  status open(byte_span memory, ucx::hardware_use wish) noexcept;
  void close() noexcept;
  [[nodiscard]] bool is_up() const noexcept { return worker_ != nullptr; }
  [[nodiscard]] ucp_context_h context() const noexcept { return context_; }
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }

  /// What admitted peers are told; empty if there is nothing to offer.
  [[nodiscard]] byte_view told_to_others() const noexcept { return told_; }
  /// Takes down what a peer offers; nothing, or nonsense: it is asked to send.
  void accept(peer_id from, byte_view told) noexcept;

  /// Whether reads from `peer` are to go this way; if they could soon, begins to connect.
  [[nodiscard]] bool wants(peer_id peer) noexcept;
  status start(remote_read& read) noexcept;
  status test(remote_read& read, bool& done) noexcept;

  /// Whether this host has InfiniBand-class devices at all.
  [[nodiscard]] static bool there_are_devices();

  bool progress() noexcept;
  [[nodiscard]] int event_fd() const noexcept { return event_fd_; }
  [[nodiscard]] bool arm() noexcept;

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t most_ends = 64;
  /// An endpoint that broke so often in a row is not made again until its peer has been met anew.
  static constexpr int most_failures = 3;

  enum class state : std::uint8_t { absent, offered, connecting, up };
  struct far {
    std::atomic<bool> broken{false};  // set by UCX, in a callback
    state at = state::absent;
    offer what;
    ucp_ep_h end = nullptr;
    ucp_rkey_h key = nullptr;
    void* coming_up = nullptr;  // request
    int failures = 0;
    std::size_t reads = 0;  // under way
    clock::time_point last_used{};
  };
  struct pending {
    far* from = nullptr;
    void* request = nullptr;
    bool waits = false;  // for the endpoint; only if hardware is required
  };

  status start_worker() noexcept;
  status expose(byte_span memory) noexcept;
  [[nodiscard]] status give_up(const char* why, const status& s) noexcept;

  // With the mutex held.
  [[nodiscard]] far* find(peer_id peer) noexcept;
  void connect(far& to) noexcept;
  void look_after(far& one) noexcept;
  void hang_up(far& one) noexcept;
  [[nodiscard]] bool make_room() noexcept;
  status post(remote_read& read, pending& p) noexcept;

  static void on_failure(void* which, ucp_ep_h end, ucs_status_t why) noexcept;

  bool required_ = false;
  std::string why_not_;
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  ucp_mem_h memory_ = nullptr;
  int event_fd_ = -1;
  std::vector<std::byte> told_;

  std::atomic<bool> anything_to_do_{false};
  std::mutex mutex_;
  std::deque<far> all_;
  std::unordered_map<peer_id, far*> by_peer_;
  std::size_t ends_ = 0;
  std::vector<void*> closing_;
};

}  // namespace farhold::ucx::detail
