// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string_view>
#include <vector>

#include <farhold/error.hpp>

namespace farhold::tools {

// 0 is success.
inline constexpr int exit_local = 1;  ///< a file, a pipe, or this machine
inline constexpr int exit_usage = 2;

/// One for each kind of error, from 11 on.
constexpr int exit_code(errc kind) noexcept { return 10 + static_cast<int>(kind); }

struct exit_meaning {
  int code;
  std::string_view name;
  std::string_view meaning;
};
/// All that the command ends with, for its manual page.
const std::vector<exit_meaning>& exit_meanings();

}  // namespace farhold::tools
