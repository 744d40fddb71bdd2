// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "window.hpp"

#include <algorithm>
#include <cstring>

#include "errors.hpp"

namespace farhold::mpi::detail {
namespace {

// Hints that let an implementation choose its cheaper paths. One that does not know them ignores them.
MPI_Info window_hints() noexcept {
  MPI_Info info = MPI_INFO_NULL;
  if (MPI_Info_create(&info) != MPI_SUCCESS) return MPI_INFO_NULL;
  (void)MPI_Info_set(info, "no_locks", "false");
  (void)MPI_Info_set(info, "same_disp_unit", "true");
  return info;
}

}  // namespace

status window::create(MPI_Comm comm, byte_span memory) noexcept {
  MPI_Info info = window_hints();
  const int code =
      MPI_Win_create(memory.data(), static_cast<MPI_Aint>(memory.size()), 1, info, comm, &handle_);
  if (info != MPI_INFO_NULL) (void)MPI_Info_free(&info);
  if (code != MPI_SUCCESS) {
    handle_ = MPI_WIN_NULL;
    return from_mpi(code, "MPI_Win_create");
  }
  return from_mpi(MPI_Win_set_errhandler(handle_, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
}

status window::begin_epoch() noexcept {
  int* model = nullptr;
  int found = 0;
  const int code = MPI_Win_get_attr(handle_, MPI_WIN_MODEL, static_cast<void*>(&model), &found);
  if (code != MPI_SUCCESS) return from_mpi(code, "MPI_Win_get_attr");
  // Under MPI_WIN_SEPARATE the owner's stores would reach readers only through calls they cannot see.
  if (found == 0 || *model != MPI_WIN_UNIFIED)
    return {errc::unsupported, 0, "the window is not MPI_WIN_UNIFIED"};
  const status outcome = from_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, handle_), "MPI_Win_lock_all");
  epoch_ = outcome.ok();
  return outcome;
}

status window::free() noexcept {
  if (handle_ == MPI_WIN_NULL) return {};
  status outcome;
  if (epoch_) outcome = from_mpi(MPI_Win_unlock_all(handle_), "MPI_Win_unlock_all");
  epoch_ = false;
  const status freed = from_mpi(MPI_Win_free(&handle_), "MPI_Win_free");
  handle_ = MPI_WIN_NULL;
  return outcome.ok() ? freed : outcome;
}

status window::start(remote_read& read) noexcept {
  read_state state;
  state.requests.fill(MPI_REQUEST_NULL);
  const bool pending = post(read, state);
  // A failure behind a successful post is told by test(), once nothing is pending.
  const status outcome = pending ? status{} : state.outcome;
  std::memcpy(read.state.data(), &state, sizeof state);
  return outcome;
}

status window::test(remote_read& read, bool& done) noexcept {
  read_state state;
  std::memcpy(&state, read.state.data(), sizeof state);
  bool pending = reap(state);
  if (state.outcome.ok() && state.posted_bytes < read.size_bytes) pending = post(read, state);
  done = !pending;
  std::memcpy(read.state.data(), &state, sizeof state);
  return state.outcome;
}

void window::sync() noexcept {
  if (handle_ != MPI_WIN_NULL) (void)MPI_Win_sync(handle_);
}

/// Fills the free requests with the next chunks; true if any request is pending.
bool window::post(const remote_read& read, read_state& state) noexcept {
  bool pending = false;
  for (MPI_Request& request : state.requests) {
    if (request != MPI_REQUEST_NULL) {
      pending = true;
      continue;
    }
    if (!state.outcome.ok() || state.posted_bytes == read.size_bytes) continue;
    const std::uint64_t chunk = std::min<std::uint64_t>(chunk_bytes, read.size_bytes - state.posted_bytes);
    const int count = static_cast<int>(chunk);
    const int code =
        MPI_Rget(read.destination + state.posted_bytes, count, MPI_BYTE, static_cast<int>(read.peer),
                 static_cast<MPI_Aint>(read.offset + state.posted_bytes), count, MPI_BYTE, handle_, &request);
    if (code != MPI_SUCCESS) {
      request = MPI_REQUEST_NULL;
      state.outcome = from_mpi(code, "MPI_Rget");
      continue;
    }
    in_flight_.fetch_add(1, std::memory_order_relaxed);
    state.posted_bytes += chunk;
    pending = true;
  }
  return pending;
}

/// Asks after every pending request; true if one still is. A request that failed and that MPI has not taken
/// back counts as pending: nobody says that it will not write.
bool window::reap(read_state& state) noexcept {
  bool pending = false;
  for (MPI_Request& request : state.requests) {
    if (request == MPI_REQUEST_NULL) continue;
    int done = 0;
    const int code = MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS && state.outcome.ok()) state.outcome = from_mpi(code, "MPI_Test of a read");
    if (request == MPI_REQUEST_NULL) {
      in_flight_.fetch_sub(1, std::memory_order_relaxed);
    } else {
      pending = true;
    }
  }
  return pending;
}

}  // namespace farhold::mpi::detail
