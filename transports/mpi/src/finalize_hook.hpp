// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <farhold/error.hpp>

namespace farhold::mpi::detail {

/// Who wants to be called when MPI_Finalize begins, while MPI still works.
class finalize_client {
 public:
  finalize_client() = default;
  finalize_client(const finalize_client&) = delete;
  finalize_client& operator=(const finalize_client&) = delete;
  /// Waits, not for long, until no other thread is inside MPI on behalf of this client. New ones are kept
  /// out.
  virtual void quiesce() noexcept = 0;
  virtual void on_finalize() noexcept = 0;

 protected:
  ~finalize_client() = default;
};

/// The delete callback of an attribute of MPI_COMM_SELF: MPI runs it first of all in MPI_Finalize (MPI 4.0,
/// section 11.2.4), when every call, collectives too, is still allowed.
///
/// Lifetime  One list for the process. A client is called once at most, the youngest first, and never after
///           `remove` has returned.
/// Threads   From any thread. `remove` waits for a call under way on another thread, not on its own. While
///           clients are called, other threads are refused: MPICH has turned its locks off by then.
/// Errors    `add` only: out of memory, or MPI refused the attribute.
namespace finalize_hook {

status add(finalize_client& client) noexcept;
void remove(finalize_client& client) noexcept;
/// Puts `now` where `before` was, so that ranks keep one order. Appends it if `before` is being called.
void replace(finalize_client& before, finalize_client& now) noexcept;
/// This thread may call MPI. Not once MPI_Finalize has begun, except from inside a client's call.
[[nodiscard]] bool lets_in() noexcept;

}  // namespace finalize_hook

}  // namespace farhold::mpi::detail
