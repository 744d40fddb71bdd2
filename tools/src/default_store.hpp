// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

namespace farhold::tools {

/// The URI of the store that reaches farthest of those that need no more than their scheme. Throws
/// `unsupported` if none reaches another process.
std::string default_store();

}  // namespace farhold::tools
