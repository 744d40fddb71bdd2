// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <vector>

#include <farhold/registry.hpp>

namespace farhold::ofi::detail {

/// What stores over libfabric will use on this host: for reads of other hosts, and what else there is.
std::vector<fabric_fact> survey(bool for_others);

}  // namespace farhold::ofi::detail
