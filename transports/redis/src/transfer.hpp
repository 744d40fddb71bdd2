// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>

#include <farhold/connector.hpp>

#include "connection.hpp"
#include "object.hpp"

namespace farhold::redis {

// What is said on one connection. An outcome of `unreachable` may be tried again on another one: each of
// these does the same if it is done twice.

struct piece_to_store {
  object what;
  byte_view bytes;
};

/// Stores objects of one piece each, in one round trip.
status store_small(connection& c, std::span<const piece_to_store> all, std::chrono::milliseconds time_to_live,
                   const patience& caller) noexcept;
/// Stores an object of many pieces. It can be read when the first one is there, which is the last to come;
/// until then the others end by themselves, should this process die.
status store_large(connection& c, const piece_to_store& one, std::chrono::milliseconds time_to_live,
                   const patience& caller) noexcept;

/// Reads an object straight into `where`. `not_found`: it is not there.
status load_large(connection& c, const object& what, landing& where, const patience& caller) noexcept;
/// The same of an object of one piece, in two steps, so that many can be asked for in one round trip.
void ask_for_small(request& all, const object& what);
status load_small(connection& c, const object& what, landing& where, const patience& caller) noexcept;
/// Both steps.
status load_one(connection& c, const object& what, landing& where, const patience& caller) noexcept;

/// Adds the command that removes an object. Its answer is a number, 0 if nothing was there.
void ask_to_remove(request& all, const object& what);

}  // namespace farhold::redis
