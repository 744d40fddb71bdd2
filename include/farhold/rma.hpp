// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

// Choices every one-sided connector offers, whatever its fabric.

namespace farhold {

/// How objects of producers on the same host are read.
enum class same_host {
  automatic,  ///< mapped shared memory, else process_vm_readv (CMA), else the fabric
  cma,        ///< process_vm_readv, else the fabric
  off,        ///< always the fabric, this process's own objects included; tests and benchmarks do this
};

/// How a one-sided read is shown to be whole (docs/design/validation.md).
enum class validation {
  automatic,  ///< `recheck` under a hypervisor, whose pauses stop the clock; `fast` on bare metal
  fast,       ///< a read that took less than half the grace period needs no second look
  recheck,    ///< every read fetches the trailer a second time
};

}  // namespace farhold
