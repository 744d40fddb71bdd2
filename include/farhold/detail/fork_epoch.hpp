// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

namespace farhold::detail {

/// Changes in a forked child, so that whatever remembers the old value knows it was inherited.
/// Costs one load; `getpid` would be a system call per operation.
std::uint64_t fork_epoch() noexcept;

}  // namespace farhold::detail
