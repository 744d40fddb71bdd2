// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <string_view>

namespace farhold {

/// Receives farhold's few notices: a store that was never closed, memory leaked on purpose, a path that is
/// not available. By default nothing is written anywhere, unless the environment has FARHOLD_LOG=stderr.
///
/// Threads   The handler is called from any thread, one call at a time; it must not call farhold.
void set_log_handler(std::function<void(std::string_view)> handler);

namespace detail {
void log(std::string_view message) noexcept;
}

}  // namespace farhold
