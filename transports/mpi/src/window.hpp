// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <farhold/transport.hpp>

namespace farhold::mpi::detail {

/// One MPI window over one block of memory per rank, and the reads from it.
///
/// Reads go in chunks: MPI counts are ints, MPICH 4.0.2 kills the target on reads of gigabytes, and a chunk
/// is what a rank that gives up still owes the fabric. Completion is only ever asked for (MPI_Test): a flush
/// would block for as long as the target cares to stay away.
///
/// Lifetime  `create` … `free`, both collective; `free` needs that no read is pending anywhere.
/// Threads   `start`, `test`, `sync`, `reads_in_flight` from any thread; one read belongs to one thread at a
/// time. Errors    In statuses; the window has MPI_ERRORS_RETURN. (MPICH raises errors of MPI_Test on
/// MPI_COMM_WORLD
///           all the same.)
/// Progress  `test` progresses MPI.
class window {
 public:
  static constexpr std::size_t chunk_bytes = std::size_t{16} << 20U;
  static constexpr std::size_t max_requests = 4;

  window() = default;
  window(const window&) = delete;
  window& operator=(const window&) = delete;
  ~window() = default;

  [[nodiscard]] bool exists() const noexcept { return handle_ != MPI_WIN_NULL; }

  status create(MPI_Comm comm, byte_span memory) noexcept;
  /// Local: looks at the memory model and begins the access epoch that lasts as long as the window.
  status begin_epoch() noexcept;
  /// Ends what was begun. Collective.
  status free() noexcept;
  /// Forgets the window without a call: it may still be read and written.
  void leak() noexcept { handle_ = MPI_WIN_NULL; }

  /// As `transport::start`; bounds were checked before.
  status start(remote_read& read) noexcept;
  /// As `transport::test`.
  status test(remote_read& read, bool& done) noexcept;
  void sync() noexcept;

  /// Requests posted and not seen complete.
  [[nodiscard]] std::int64_t reads_in_flight() const noexcept {
    return in_flight_.load(std::memory_order_relaxed);
  }

 private:
  // Lives in remote_read::state and is copied in and out, because the caller may copy the whole read.
  struct read_state {
    std::array<MPI_Request, max_requests> requests{};
    std::uint64_t posted_bytes = 0;
    status outcome;  // of the first request that failed
  };
  static_assert(std::is_trivially_copyable_v<read_state>);
  static_assert(sizeof(read_state) <= sizeof(remote_read::state));

  bool post(const remote_read& read, read_state& state) noexcept;
  bool reap(read_state& state) noexcept;

  MPI_Win handle_ = MPI_WIN_NULL;
  bool epoch_ = false;
  std::atomic<std::int64_t> in_flight_{0};
};

}  // namespace farhold::mpi::detail
