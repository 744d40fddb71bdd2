// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "mpi_transport.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "init_checks.hpp"

namespace farhold::mpi::detail {
namespace {

constexpr status not_open{errc::closed, 0, "the transport is not open"};

/// A session whose transport is gone. MPI_Finalize brings all ranks together once more, so that what a late
/// rank prevented can be done: MPICH aborts when a window is still there at the end.
class late_close final : private finalize_client, private transport_listener {
 public:
  late_close(std::unique_ptr<session> s, std::chrono::nanoseconds timeout) noexcept
      : session_(std::move(s)), timeout_(timeout) {}

  [[nodiscard]] finalize_client& as_client() noexcept { return *this; }

 private:
  void quiesce() noexcept override {}  // nobody else knows it
  void on_finalize() noexcept override {
    if (!session_->close(*this, timeout_).ok()) keep_for_ever(std::move(session_));
    delete this;
  }
  void on_message(peer_id, byte_view) noexcept override {}
  void on_sent(std::uint64_t, status) noexcept override {}
  void on_fabric_ending() noexcept override {}

  std::unique_ptr<session> session_;
  std::chrono::nanoseconds timeout_;
};

}  // namespace

mpi_transport::~mpi_transport() {
  if (session_) leave_to_finalize();
}

transport_capabilities mpi_transport::capabilities() const noexcept {
  // MPI promises progress of one-sided calls only to targets that call MPI; see the README for who keeps
  // more.
  return {.one_sided = session_ && session_->memory().exists(), .host_progress = true};
}

status mpi_transport::open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
                           std::chrono::nanoseconds timeout) noexcept {
  if (opened_) return {errc::invalid_argument, 0, "open: a transport opens once"};
  if (!mpi_is_alive()) return mpi_readiness();
  if (comm_ == MPI_COMM_NULL) return {errc::invalid_argument, 0, "open: MPI_COMM_NULL"};
  std::unique_ptr<session> fresh(new (std::nothrow) session);
  if (!fresh) return {errc::out_of_memory, 0, "open"};

  opened_ = true;
  listener_ = &listener;
  timeout_ = timeout;
  // Before the ranks agree, so that they agree on this too.
  const status hooked = finalize_hook::add(*this);
  if (outcome.ok()) outcome = hooked;
  const status result = fresh->open(comm_, memory, card, outcome, options_, deadline_after(timeout));
  if (result.ok()) {
    session_ = std::move(fresh);
    return result;
  }
  finalize_hook::remove(*this);
  failing_rank_ = fresh->failing_rank();
  try {
    failing_step_ = fresh->failing_step();
  } catch (const std::bad_alloc&) {
    failing_step_.clear();
  }
  if (!fresh->may_be_destroyed()) keep_for_ever(std::move(fresh));
  return result;
}

std::string mpi_transport::remarks() const {
  if (failing_rank_ >= 0) return "rank " + std::to_string(failing_rank_) + " failed at: " + failing_step_;
  if (why_no_window().empty()) return {};
  return "no MPI window (" + std::string(why_no_window()) +
         "): reads go through messages, which their producer answers";
}

byte_view mpi_transport::card(peer_id peer) const noexcept {
  if (!session_ || peer >= session_->peer_count()) return {};
  return session_->peers().card(peer);
}

status mpi_transport::start(remote_read& read) noexcept {
  if (!usable()) return not_open;
  session& s = *session_;
  if (!s.memory().exists()) return {errc::unsupported, 0, "start: there is no window"};
  if (read.peer >= s.peer_count()) return {errc::invalid_argument, 0, "start: no such peer"};
  // Checked here because nobody else does: under MPICH a read out of bounds kills the target.
  const std::uint64_t exposed = s.peers().exposed_bytes(read.peer);
  if (read.offset > exposed || read.size_bytes > exposed - read.offset) {
    return {errc::invalid_argument, 0, "start: out of the peer's exposed memory"};
  }
  if (read.destination == nullptr && read.size_bytes != 0) {
    return {errc::invalid_argument, 0, "start: no destination"};
  }
  return s.memory().start(read);
}

status mpi_transport::test(remote_read& read, bool& done) noexcept {
  done = false;
  if (!usable()) return not_open;
  return session_->memory().test(read, done);
}

status mpi_transport::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  if (!usable()) return not_open;
  return session_->messages().send(to, head, payload, cookie);
}

bool mpi_transport::progress() noexcept { return usable() && session_->messages().progress(*listener_); }

void mpi_transport::memory_changed() noexcept {
  if (usable()) session_->memory().sync();
}

status mpi_transport::close(std::chrono::nanoseconds timeout) noexcept {
  if (!session_) return closed_;
  if (!usable() || !mpi_is_alive()) {
    closed_ = {errc::closed, 0, "close: MPI is already finalized"};
    leave_to_finalize();
    return closed_;
  }
  closed_ = session_->close(*listener_, timeout);
  if (closed_.ok()) {
    finalize_hook::remove(*this);
    session_.reset();
  } else {
    leave_to_finalize();
  }
  return closed_;
}

void mpi_transport::leave_to_finalize() noexcept {
  if (usable() && mpi_is_alive()) {
    auto* later = new (std::nothrow) late_close(std::move(session_), timeout_);
    if (later != nullptr) {
      finalize_hook::replace(*this, later->as_client());
      return;
    }
  }
  finalize_hook::remove(*this);
  if (session_) keep_for_ever(std::move(session_));
}

void mpi_transport::quiesce() noexcept { session_->messages().wait_until_nobody_progresses(); }

void mpi_transport::on_finalize() noexcept { listener_->on_fabric_ending(); }

}  // namespace farhold::mpi::detail
