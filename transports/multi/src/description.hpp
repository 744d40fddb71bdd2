// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <map>
#include <string>

#include <farhold/multi.hpp>
#include <farhold/uri.hpp>

#include "place.hpp"

namespace farhold::multi {

/// What a URI says of a multi store.
struct description {
  std::map<std::size_t, std::string> uris;
  std::map<std::size_t, policy> policies;
  std::optional<std::size_t> twin;
  bool late = false;  ///< parts are opened when they are needed

  /// Throws `invalid_argument`.
  static description take_from(uri& address);
};

}  // namespace farhold::multi
