// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <farhold/detail/fork_epoch.hpp>

namespace farhold::detail {

/// Remembers a descriptor that a forked child must not keep, such as one end of a connection, whose other end
/// is to see that this process has ended.
void close_in_children(int fd) noexcept;
void forget_in_children(int fd) noexcept;

}  // namespace farhold::detail
