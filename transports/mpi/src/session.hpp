// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <farhold/transport.hpp>

#include "messages.hpp"
#include "peer_table.hpp"
#include "waiting.hpp"
#include "window.hpp"

namespace farhold::mpi::detail {

struct transport_options {
  bool window = true;  ///< false on any rank: no window on all
  /// For the start-up probe, which ends much earlier where windows work at all.
  std::chrono::nanoseconds probe_timeout = std::chrono::seconds(5);
};

/// All that MPI may still look at when a transport has given up waiting: communicator, window, buffers of
/// collectives under way. Kept for ever if it cannot be ended in an orderly way.
///
/// Lifetime  `open` and `close` are collective and may be left by a time-out; `close` may then be called
/// again
///           and goes on where it was. Destroy only after a `close` that said ok or an `open` that ended with
///           an error on all ranks (`may_be_destroyed`).
/// Threads   `open` and `close` alone; the members' own rules else.
/// Errors    In statuses. `open` ends with the same one on all ranks, unless the time was over.
/// Progress  Waiting polls MPI; `close` moves messages meanwhile.
class session {
 public:
  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() = default;

  status open(MPI_Comm user_comm, byte_span memory, byte_view card, status outcome,
              const transport_options& options, clock::time_point deadline) noexcept;
  status close(transport_listener& listener, std::chrono::nanoseconds timeout) noexcept;
  [[nodiscard]] bool may_be_destroyed() const noexcept {
    return comm_ == MPI_COMM_NULL && request_ == MPI_REQUEST_NULL;
  }

  [[nodiscard]] peer_id self() const noexcept { return self_; }
  [[nodiscard]] peer_id peer_count() const noexcept { return peer_count_; }
  [[nodiscard]] const peer_table& peers() const noexcept { return peers_; }
  [[nodiscard]] window& memory() noexcept { return window_; }
  [[nodiscard]] message_channel& messages() noexcept { return messages_; }

  /// The rank whose error all ranks got from `open`, -1 if none; and what it was doing.
  [[nodiscard]] int failing_rank() const noexcept { return failing_rank_; }
  [[nodiscard]] const char* failing_step() const noexcept { return verdict_.where.data(); }
  /// Why there is no window although the transport works; a literal, empty if there is one.
  [[nodiscard]] const char* why_no_window() const noexcept { return why_no_window_; }

 private:
  static constexpr std::size_t votes = 4;
  using ballot = std::array<std::int64_t, votes>;
  struct verdict {
    std::int32_t code = 0;
    std::int32_t native = 0;
    std::array<char, 56> where{};
  };

  status duplicate(MPI_Comm user_comm, poller& rhythm) noexcept;
  status vote(const ballot& mine, poller& rhythm) noexcept;
  status agree(const status& own, const ballot& mine, poller& rhythm) noexcept;
  status exchange_cards(byte_span memory, byte_view card, poller& rhythm) noexcept;
  status make_window(byte_span memory, const transport_options& options, poller& rhythm) noexcept;
  void drop_window(bool can_be_freed, const char* why) noexcept;
  void probe(clock::time_point deadline, bool& good, bool& quiet) noexcept;
  bool probe_one(peer_id target, clock::time_point deadline, bool& quiet) noexcept;
  status release() noexcept;

  MPI_Comm comm_ = MPI_COMM_NULL;
  peer_id self_ = 0;
  peer_id peer_count_ = 0;
  int failing_rank_ = -1;
  const char* why_no_window_ = "";

  window window_;
  message_channel messages_;
  peer_table peers_;

  // What collectives under way read and write.
  MPI_Request request_ = MPI_REQUEST_NULL;
  ballot mine_{};
  ballot all_{};
  verdict verdict_;
  std::array<std::byte, peer_table::probe_bytes> probe_landing_{};

  std::int64_t received_last_round_ = -1;
};

/// Keeps what MPI may still use: reachable, so that leak checkers see that it is on purpose.
void keep_for_ever(std::unique_ptr<session> s) noexcept;

}  // namespace farhold::mpi::detail
