// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>

#include <farhold/type_id.hpp>

namespace farhold {

/// What a single call may set for itself.
struct call_options {
  /// The longest the call may take; the store's own `timeout` if not given.
  std::optional<std::chrono::nanoseconds> timeout = std::nullopt;
  /// Asks a call that waits to give up: it then ends with `cancelled`, and nothing was changed.
  std::stop_token stop = {};
};

/// What is known of an object that is about to be stored, beside its size.
struct object_hints {
  type_id type;
  std::string_view tag;     ///< `put_options::tag`
  std::uint32_t reads = 0;  ///< see `reservation`
  bool durable = false;
};

/// The same as a connector is told it, with the store's timeout filled in.
struct call_limits {
  template <class Rep, class Period>
  // NOLINTNEXTLINE(google-explicit-constructor): a time is a limit
  call_limits(std::chrono::duration<Rep, Period> longest, std::stop_token asked = {})
      : timeout(longest), stop(std::move(asked)) {}

  std::chrono::nanoseconds timeout;
  std::stop_token stop;
  /// For `reserve`, and good during that call: connectors of several places choose one by it. May be null.
  const object_hints* hints = nullptr;
};

}  // namespace farhold
