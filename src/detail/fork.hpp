// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

namespace farhold::detail {

/// Changes in a forked child, so that whatever remembers the old value knows it was inherited.
/// Costs one load; `getpid` would be a system call per operation.
std::uint64_t fork_epoch() noexcept;

/// Remembers a descriptor that a forked child must not keep, such as one end of a connection, whose other end
/// is to see that this process has ended.
void close_in_children(int fd) noexcept;
void forget_in_children(int fd) noexcept;

}  // namespace farhold::detail
