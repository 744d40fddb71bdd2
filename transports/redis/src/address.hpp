// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/redis.hpp>
#include <farhold/uri.hpp>

namespace farhold::redis {

/// The options of "redis://…", "rediss://…" or "unix://…". Throws `invalid_argument`; never with a password
/// in the message.
options options_of(uri& address);

/// The URI that others open the same server by, without user and password. It is also what messages call it.
std::string uri_of(const options& how);

}  // namespace farhold::redis
