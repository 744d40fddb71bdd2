// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "session.hpp"

namespace farhold::mpi::detail {
namespace {

/// Once every rank is known to be closing, nobody should give up because of a deadline that suited the first
/// part: whoever leaves now lets the others wait in MPI_Win_free, which blocks.
constexpr std::chrono::seconds time_for_the_last_rounds{5};

}  // namespace

/// Rounds of sums over all ranks, until nothing is under way any more. The first round is the barrier. A
/// round in which as many messages have been sent as had been received one round before proves that there are
/// no messages left (Mattern's four counters): a communicator freed with a message in its queues could pass
/// it to the next one that gets its number.
status session::close(transport_listener& listener, std::chrono::nanoseconds timeout) noexcept {
  if (comm_ == MPI_COMM_NULL) return {};
  poller rhythm(deadline_after(timeout));
  const auto progress = [&] { return messages_.progress(listener); };
  for (;;) {
    if (request_ == MPI_REQUEST_NULL) {
      mine_ = {static_cast<std::int64_t>(messages_.sent()), static_cast<std::int64_t>(messages_.received()),
               static_cast<std::int64_t>(messages_.sends_in_flight()), window_.reads_in_flight()};
      const int code = MPI_Iallreduce(mine_.data(), all_.data(), static_cast<int>(mine_.size()), MPI_INT64_T,
                                      MPI_SUM, comm_, &request_);
      if (code != MPI_SUCCESS) {
        request_ = MPI_REQUEST_NULL;
        return from_mpi(code, "MPI_Iallreduce");
      }
    }
    const status round = wait_for(request_, rhythm, "close: a rank does not come", progress);
    if (!round.ok()) return round;

    const auto [sent, received, sending, reading] = all_;
    if (sent == received_last_round_ && sending == 0 && reading == 0) return release();
    const bool first = std::exchange(received_last_round_, received) < 0;
    if (first) rhythm.extend(deadline_after(time_for_the_last_rounds));
    if (rhythm.expired()) {
      return {errc::timeout, 0,
              reading != 0 ? "close: a read is still pending" : "close: messages do not arrive"};
    }
    if (!progress()) rhythm.pause();
  }
}

status session::release() noexcept {
  const status windows = window_.free();
  const status comms = from_mpi(MPI_Comm_free(&comm_), "MPI_Comm_free");
  comm_ = MPI_COMM_NULL;
  return windows.ok() ? comms : windows;
}

void keep_for_ever(std::unique_ptr<session> s) noexcept {
  static std::mutex mutex;
  static auto* const kept = new std::vector<session*>;
  const std::lock_guard lock(mutex);
  try {
    kept->push_back(s.get());
  } catch (const std::bad_alloc&) {
    // Leaked all the same, only less visibly.
  }
  (void)s.release();
}

}  // namespace farhold::mpi::detail
