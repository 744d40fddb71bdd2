// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <cstring>
#include <new>

#include "errors.hpp"
#include "init_checks.hpp"
#include "quirks.hpp"
#include "session.hpp"

namespace farhold::mpi::detail {
namespace {

constexpr std::int64_t yes = 1;
constexpr std::int64_t no = 0;

status check_arguments(byte_span memory, byte_view card, const status& outcome) noexcept {
  if (!outcome.ok()) return outcome;
  if (const status ready = mpi_readiness(); !ready.ok()) return ready;
  if (card.size() > peer_table::max_card_bytes)
    return {errc::invalid_argument, 0, "open: the card is too large"};
  if (memory.data() == nullptr && !memory.empty()) return {errc::invalid_argument, 0, "open: no memory"};
  return {};
}

}  // namespace

status session::open(MPI_Comm user_comm, byte_span memory, byte_view card, status outcome,
                     const transport_options& options, clock::time_point deadline) noexcept {
  poller rhythm(deadline);
  if (const status made = duplicate(user_comm, rhythm); !made.ok()) return made;

  status result = agree(check_arguments(memory, card, outcome),
                        {0, -static_cast<std::int64_t>(card.size()), options.window ? yes : no, 0}, rhythm);
  const auto largest_card = static_cast<std::size_t>(std::max<std::int64_t>(-all_[1], 0));
  const bool window_wanted = all_[2] == yes;

  if (result.ok()) {
    status local;
    try {
      peers_.prepare(peer_count_, largest_card);
      messages_.prepare(comm_, peer_count_);
    } catch (const std::bad_alloc&) {
      local = {errc::out_of_memory, 0, "open: the table of peers"};
    }
    result = agree(local, {}, rhythm);
  }
  if (result.ok()) result = exchange_cards(memory, card, rhythm);
  if (result.ok()) {
    if (window_wanted) {
      result = make_window(memory, options, rhythm);
    } else {
      why_no_window_ = "switched off";
    }
  }
  // An error all ranks agree upon: nothing is under way, and all of them come here.
  if (failing_rank_ >= 0 && request_ == MPI_REQUEST_NULL) (void)release();
  return result;
}

status session::duplicate(MPI_Comm user_comm, poller& rhythm) noexcept {
  // Errors of these calls go to the user's error handler, which is not ours to change.
  int between_groups = 0;
  if (const int code = MPI_Comm_test_inter(user_comm, &between_groups); code != MPI_SUCCESS) {
    return from_mpi(code, "MPI_Comm_test_inter");
  }
  if (between_groups != 0) return {errc::invalid_argument, 0, "open: an inter-communicator"};

  // Non-blocking, so that a rank which does not come costs a time-out and not the job.
  if (const int code = MPI_Comm_idup(user_comm, &comm_, &request_); code != MPI_SUCCESS) {
    request_ = MPI_REQUEST_NULL;
    comm_ = MPI_COMM_NULL;
    return from_mpi(code, "MPI_Comm_idup");
  }
  if (const status done = wait_for(request_, rhythm, "open: a rank does not come"); !done.ok()) return done;
  if (const int code = MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN); code != MPI_SUCCESS) {
    return from_mpi(code, "MPI_Comm_set_errhandler");
  }
  int rank = 0;
  int size = 0;
  (void)MPI_Comm_rank(comm_, &rank);
  (void)MPI_Comm_size(comm_, &size);
  self_ = static_cast<peer_id>(rank);
  peer_count_ = static_cast<peer_id>(size);
  return {};
}

/// The minimum over all ranks, entry by entry, into `all_`.
status session::vote(const ballot& mine, poller& rhythm) noexcept {
  mine_ = mine;
  const int code = MPI_Iallreduce(mine_.data(), all_.data(), static_cast<int>(mine_.size()), MPI_INT64_T,
                                  MPI_MIN, comm_, &request_);
  if (code != MPI_SUCCESS) {
    request_ = MPI_REQUEST_NULL;
    return from_mpi(code, "MPI_Iallreduce");
  }
  return wait_for(request_, rhythm, "open: a rank does not answer");
}

/// One outcome for all ranks: ok, or the error of the lowest rank that has one. Entry 0 of the ballot is
/// taken.
status session::agree(const status& own, const ballot& mine, poller& rhythm) noexcept {
  ballot ballot_paper = mine;
  ballot_paper[0] = own.ok() ? std::int64_t{peer_count_} : std::int64_t{self_};
  if (const status voted = vote(ballot_paper, rhythm); !voted.ok()) return voted;
  if (all_[0] == std::int64_t{peer_count_}) return {};

  failing_rank_ = static_cast<int>(all_[0]);
  const bool it_is_me = all_[0] == std::int64_t{self_};
  if (it_is_me) {
    verdict_.code = static_cast<std::int32_t>(own.code);
    verdict_.native = own.native;
    std::strncpy(verdict_.where.data(), own.where, verdict_.where.size() - 1);
  }
  const int code =
      MPI_Ibcast(&verdict_, static_cast<int>(sizeof verdict_), MPI_BYTE, failing_rank_, comm_, &request_);
  if (code != MPI_SUCCESS) {
    request_ = MPI_REQUEST_NULL;
    return from_mpi(code, "MPI_Ibcast");
  }
  if (const status told = wait_for(request_, rhythm, "open: a rank does not answer"); !told.ok()) return told;
  verdict_.where.back() = '\0';
  if (it_is_me) return own;
  // The other rank's text is in failing_step(); a status carries literals only.
  return {static_cast<errc>(verdict_.code), verdict_.native, "open: it failed on another rank"};
}

status session::exchange_cards(byte_span memory, byte_view card, poller& rhythm) noexcept {
  peers_.fill_own(memory, card);
  const int bytes = static_cast<int>(peers_.record_bytes());
  const int code = MPI_Iallgather(peers_.own_record(), bytes, MPI_BYTE, peers_.all_records(), bytes, MPI_BYTE,
                                  comm_, &request_);
  if (code != MPI_SUCCESS) {
    request_ = MPI_REQUEST_NULL;
    return from_mpi(code, "MPI_Iallgather");
  }
  return wait_for(request_, rhythm, "open: a rank does not answer");
}

/// Leaves a working window on all ranks or on none; only votes that do not come through are errors.
status session::make_window(byte_span memory, const transport_options& options, poller& rhythm) noexcept {
  // What blocks from here on (splitting, MPI_Win_create) does not block for long: every rank has just
  // answered.
  const bool unsafe = windows_may_collide(comm_);
  if (const status voted = vote({unsafe ? no : yes, 0, 0, 0}, rhythm); !voted.ok()) return voted;
  if (all_[0] != yes) {
    why_no_window_ = "Open MPI before 5 may mix up windows of communicators that share a node";
    return {};
  }
  const bool created = window_.create(comm_, memory).ok();
  if (const status voted = vote({created ? yes : no, 0, 0, 0}, rhythm); !voted.ok()) return voted;
  if (all_[0] != yes) {
    drop_window(false, "MPI_Win_create failed on a rank");
    return {};
  }

  const bool begun = window_.begin_epoch().ok();
  bool good = false;
  bool quiet = true;
  // A rank without its epoch stays away from the probe, but it still answers: waiting for the vote
  // progresses.
  if (begun) probe(deadline_after(options.probe_timeout), good, quiet);
  if (const status voted = vote({begun ? yes : no, good ? yes : no, quiet ? yes : no, 0}, rhythm);
      !voted.ok()) {
    return voted;
  }
  if (all_[0] != yes) {
    drop_window(all_[2] == yes, "no unified window on a rank");
  } else if (all_[1] != yes) {
    drop_window(all_[2] == yes, "the start-up probe failed on a rank");
  }
  return {};
}

void session::drop_window(bool can_be_freed, const char* why) noexcept {
  why_no_window_ = why;
  if (can_be_freed) {
    (void)window_.free();
  } else {
    window_.leak();
  }
}

/// Reads from the next rank, which may be on the same host, and from the one half a world away, which may
/// not. `quiet`: no read is pending, so that the window may be freed.
void session::probe(clock::time_point deadline, bool& good, bool& quiet) noexcept {
  quiet = true;
  good = probe_one((self_ + 1) % peer_count_, deadline, quiet) && quiet &&
         probe_one((self_ + peer_count_ / 2) % peer_count_, deadline, quiet);
}

bool session::probe_one(peer_id target, clock::time_point deadline, bool& quiet) noexcept {
  remote_read read;
  read.peer = target;
  read.destination = probe_landing_.data();
  read.size_bytes = std::min<std::uint64_t>(peers_.exposed_bytes(target), probe_landing_.size());
  probe_landing_.fill(std::byte{});
  if (!window_.start(read).ok()) return false;

  poller rhythm(deadline);
  status outcome;
  for (;;) {
    bool done = false;
    if (const status now = window_.test(read, done); !now.ok()) outcome = now;
    if (done) break;
    if (rhythm.expired()) {
      quiet = false;
      return false;
    }
    rhythm.pause();
  }
  const byte_view landed(probe_landing_.data(), static_cast<std::size_t>(read.size_bytes));
  return outcome.ok() && peer_table::checksum_of(landed) == peers_.checksum(target);
}

}  // namespace farhold::mpi::detail
