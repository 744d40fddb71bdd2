// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>

#include <farhold/connector.hpp>

namespace farhold::local {

/// A connector that keeps objects in this process: the reference of what a connector does, and a store for
/// programs of one process. URI: "local://".
std::unique_ptr<farhold::connector> connector();

}  // namespace farhold::local
