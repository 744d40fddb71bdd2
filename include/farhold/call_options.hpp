// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <optional>

namespace farhold {

/// What a single call may set for itself.
struct call_options {
  /// The longest the call may take; the store's own `timeout` if not given.
  std::optional<std::chrono::nanoseconds> timeout = std::nullopt;
};

}  // namespace farhold
