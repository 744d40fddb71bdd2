// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/registry.hpp>

namespace farhold::detail {

/// What opens that scheme, from a plug-in in FARHOLD_PLUGIN_PATH; empty if there is none. Throws
/// `unsupported`, `permission` or `corrupt` if there is one that cannot be used.
registry::opener find_plugin(const std::string& scheme);

}  // namespace farhold::detail
