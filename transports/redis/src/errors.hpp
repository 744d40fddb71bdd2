// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <string_view>

#include <farhold/error.hpp>

namespace farhold::redis {

// The native code of a status is errno if it is above zero; below it is a row of the table of replies.

/// What an error reply of the server ("OOM command not allowed …") means.
status meaning_of_reply(std::string_view text) noexcept;
/// The same of a call of the operating system that failed, by errno.
status failed(const char* step) noexcept;

/// What can be done about it; empty if there is no better advice than the general one.
std::string cure_of(const status& problem, const std::string& server);

// What is not the operating system's nor the server's to say.
inline constexpr status not_redis{errc::corrupt, 0, "read a reply: this is not how a Redis server answers"};
inline constexpr status hung_up{errc::unreachable, 0, "talk to the server: it closed the connection"};

}  // namespace farhold::redis
