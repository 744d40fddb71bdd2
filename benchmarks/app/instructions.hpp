// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstring>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace farhold::bench {

/// Instructions outside of the kernel, of the thread that makes the counter and of those it starts from then
/// on. Virtual machines and containers often have no such counters.
class instruction_counter {
 public:
  instruction_counter() {
    perf_event_attr what;
    std::memset(&what, 0, sizeof what);
    what.size = sizeof what;
    what.type = PERF_TYPE_HARDWARE;
    what.config = PERF_COUNT_HW_INSTRUCTIONS;
    what.inherit = 1;
    what.exclude_kernel = 1;
    what.exclude_hv = 1;
    fd_ = static_cast<int>(::syscall(SYS_perf_event_open, &what, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  }
  instruction_counter(const instruction_counter&) = delete;
  instruction_counter& operator=(const instruction_counter&) = delete;
  ~instruction_counter() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool works() const { return fd_ >= 0; }
  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t value = 0;
    return fd_ >= 0 && ::read(fd_, &value, sizeof value) == static_cast<ssize_t>(sizeof value) ? value : 0;
  }

 private:
  int fd_ = -1;
};

}  // namespace farhold::bench
