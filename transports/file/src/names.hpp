// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <vector>

namespace farhold::file {

/// The names in a folder that is open, but "." and "..".
std::vector<std::string> names_in(int folder);

}  // namespace farhold::file
