// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <functional>

#include "backend.hpp"

namespace farhold::conformance {

/// Runs `body` in `count` new processes of this host, each of which is given the group that they are, and
/// waits for all. Returns EXIT_SUCCESS if each of them did.
///
/// For connectors whose processes need no launcher. Call it from `main`, before anything that has threads.
int run_forked(int count, const std::function<int(process_group&)>& body,
               std::chrono::seconds patience = std::chrono::seconds(45));

}  // namespace farhold::conformance
