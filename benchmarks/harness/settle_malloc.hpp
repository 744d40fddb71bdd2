// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <malloc.h>

namespace farhold::bench {

/// By default glibc moves its thresholds with what was freed last, so that chance decides which of two bodies
/// gets pages that must be faulted in. Here large memory is fresh each time, and small memory never goes back
/// to the kernel.
inline void settle_malloc() {
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace farhold::bench
