// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

namespace farhold {
class registry;
namespace detail {
/// Adds the schemes of the transports that are part of this library. Defined in a file that the build
/// generates from their list, so that static linking cannot lose one.
void add_builtin_schemes(registry& to);
}  // namespace detail
}  // namespace farhold
