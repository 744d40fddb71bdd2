// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <string_view>

#include <farhold/error.hpp>
#include <farhold/rma.hpp>
#include <farhold/uri.hpp>

#include "options.hpp"

namespace farhold::rma {

/// Takes from a URI what all stores over the engine can be told: arena, arena_limit, same_host, validation,
/// progress, grace. `Options` is a transport's public options, which have these members.
template <class Options>
void take_options(uri& from, Options& how) {
  static_assert(static_cast<int>(same_host::automatic) == 0 && static_cast<int>(same_host::cma) == 1 &&
                static_cast<int>(same_host::off) == 2);
  static_assert(static_cast<int>(validation::automatic) == 0 && static_cast<int>(validation::fast) == 1 &&
                static_cast<int>(validation::recheck) == 2);
  if (const auto bytes = from.take_bytes("arena")) how.arena_bytes = *bytes;
  if (const auto bytes = from.take_bytes("arena_limit")) how.arena_limit_bytes = *bytes;
  if (const auto choice = from.take_choice("same_host", {"automatic", "cma", "off"}))
    how.same_host = static_cast<same_host>(*choice);
  if (const auto choice = from.take_choice("validation", {"automatic", "fast", "recheck"}))
    how.validation = static_cast<validation>(*choice);
  if (const auto on = from.take_switch("progress")) how.progress_thread = *on;
  if (const auto time = from.take_time("grace")) how.grace = *time;
}

/// The same of them for the engine. What only some transports have, such as a time-out of opening, is theirs
/// to set.
template <class Options>
options engine_options(const Options& how) {
  return {.arena_bytes = how.arena_bytes,
          .arena_limit_bytes = how.arena_limit_bytes,
          .same_host = how.same_host,
          .progress_thread = how.progress_thread,
          .validation = how.validation,
          .grace = how.grace,
          .uri = {},
          .time = {}};
}

/// What follows "scheme://" in a URI that opens a store: nothing, or ADDRESS.INCARNATION out of a token.
/// Throws `invalid_argument`.
template <class IsAddress>
void require_address(std::string_view scheme, const std::string& rest, IsAddress&& is_address) {
  const auto dot = rest.rfind('.');
  if (rest.empty() || (dot != std::string::npos && is_address(std::string_view(rest).substr(0, dot)))) return;
  throw error(errc::invalid_argument, "'" + rest + "' is not the address of a store; use '" +
                                          std::string(scheme) +
                                          "://' to open one, or the URI from a token as it is");
}

}  // namespace farhold::rma
