// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/error.hpp>

namespace farhold::file {

/// What an errno means.
errc meaning_of(int error_number) noexcept;

/// The status of a step that failed with the present `errno`.
status failed(const char* step) noexcept;

/// What a user can do about a failure with that errno in `directory`; empty if nothing particular.
std::string cure_of(int error_number, const std::string& directory);

}  // namespace farhold::file
