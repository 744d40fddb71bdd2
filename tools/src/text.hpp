// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace farhold::tools {

/// "4.0 GiB", "517 B".
std::string human_bytes(std::uint64_t bytes);

/// The text without what a terminal would take for commands: control characters become '?'.
std::string printable(std::string_view text);

/// One line on stderr: "farhold: " and the message.
void say(std::string_view message);

}  // namespace farhold::tools
