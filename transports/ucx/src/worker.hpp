// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <ucp/api/ucp.h>

#include <farhold/error.hpp>

namespace farhold::ucx::detail {

/// A context for active messages over any transport, with one worker that can wake a sleeper.
///
/// Never with RMA: UCX emulates remote reads over tcp and shared memory by copying from whatever address a
/// peer names, so that every peer could read and overwrite all of this process.
///
/// Lifetime  `open` once; destruction ends all endpoints.
/// Threads   One at a time.
class worker {
 public:
  worker() = default;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() { close(); }

  status open() noexcept;
  void close() noexcept;

  [[nodiscard]] ucp_context_h context() const noexcept { return context_; }
  [[nodiscard]] ucp_worker_h handle() const noexcept { return worker_; }
  [[nodiscard]] int event_fd() const noexcept { return event_fd_; }
  /// Whether `event_fd` will tell of all that comes.
  [[nodiscard]] bool arm() const noexcept { return ::ucp_worker_arm(worker_) == UCS_OK; }

 private:
  ucp_context_h context_ = nullptr;
  ucp_worker_h worker_ = nullptr;
  int event_fd_ = -1;
};

}  // namespace farhold::ucx::detail
