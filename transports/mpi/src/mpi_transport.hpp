// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <farhold/transport.hpp>

#include "finalize_hook.hpp"
#include "session.hpp"

namespace farhold::mpi::detail {

/// One-sided reads from an MPI window and small messages, between the ranks of one communicator.
///
/// Never calls MPI_Init, MPI_Finalize or MPI_Abort; sets MPI_ERRORS_RETURN on its own duplicate of the
/// communicator and on its window only.
///
/// Lifetime  `open` and `close` are collective. The exposed memory must stay until `close` said ok, or else
///           until MPI_Finalize: without a close, or after one that timed out, the window is still there and
///           is ended by the first step of MPI_Finalize, if all ranks come there. A destructor without
///           `close` is therefore safe but for that memory. After MPI_Finalize no MPI call is made.
/// Threads   As `transport`: all but `open` and `close` from any thread. MPI_THREAD_MULTIPLE is required.
/// Errors    See errors.hpp. `open` ends equally on all ranks unless a rank does not come. After MPI_Finalize
///           has called the listener, and after `close`, everything is `closed`.
/// Progress  `progress` moves messages (one thread works, others return); `test` polls its own requests.
/// Under
///           MPICH reads end only while their target polls MPI too.
class mpi_transport final : public transport, private finalize_client {
 public:
  explicit mpi_transport(MPI_Comm comm, transport_options options = {}) noexcept
      : comm_(comm), options_(options) {}
  ~mpi_transport() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "mpi"; }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override;

  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override;
  status close(std::chrono::nanoseconds timeout) noexcept override;
  [[nodiscard]] std::string remarks() const override;

  [[nodiscard]] peer_id self() const noexcept override { return session_ ? session_->self() : 0; }
  [[nodiscard]] peer_id peer_count() const noexcept override { return session_ ? session_->peer_count() : 0; }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override;

  status start(remote_read& read) noexcept override;
  status test(remote_read& read, bool& done) noexcept override;
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override;
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override {
    return message_channel::max_message_bytes;
  }
  bool progress() noexcept override;
  void memory_changed() noexcept override;

  /// After `open` failed: the rank that brought or met the error (the same on all ranks), -1 if the ranks
  /// could not agree, as after a time-out; and the step that failed there.
  [[nodiscard]] int failing_rank() const noexcept { return failing_rank_; }
  [[nodiscard]] const std::string& failing_step() const noexcept { return failing_step_; }
  /// Why reads have to go through messages; empty if they need not.
  [[nodiscard]] std::string_view why_no_window() const noexcept {
    return session_ ? session_->why_no_window() : "";
  }
  /// Incoming messages nobody saw, see message_channel.
  [[nodiscard]] std::uint64_t dropped_messages() const noexcept {
    return session_ ? session_->messages().dropped() : 0;
  }

 private:
  void quiesce() noexcept override;
  void on_finalize() noexcept override;
  [[nodiscard]] bool usable() const noexcept { return session_ != nullptr && finalize_hook::lets_in(); }
  void leave_to_finalize() noexcept;

  MPI_Comm comm_;
  transport_options options_;
  transport_listener* listener_ = nullptr;
  std::unique_ptr<session> session_;
  status closed_;  // how `close` went, for the second one
  std::chrono::nanoseconds timeout_{};
  int failing_rank_ = -1;
  std::string failing_step_;
  bool opened_ = false;
};

}  // namespace farhold::mpi::detail
