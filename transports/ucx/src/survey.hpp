// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <vector>

#include <farhold/registry.hpp>

namespace farhold::ucx::detail {

/// What stores over UCX will use on this host: for messages, for reads, and where others find them.
std::vector<fabric_fact> survey(bool for_others);

}  // namespace farhold::ucx::detail
