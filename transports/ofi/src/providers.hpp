// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <rdma/fabric.h>

#include <farhold/ofi.hpp>

#include "rma/net_address.hpp"

namespace farhold::ofi::detail {

/// The name libfabric has for what an fi_info describes, such as "tcp;ofi_rxm".
std::string name_of(const fi_info& info);

/// The provider to read by: the best whose name begins with `wanted`, or, if that is empty, of those that
/// need not be named. Providers of IP networks listen at `where`, and so are only taken if they can; devices
/// whose addresses are their own may have another one. Null if there is none.
///
/// What libfabric has is asked once in the life of the process, and kept.
const fi_info* choose_provider(std::string_view wanted, const rma::net_address& where);

/// Of the providers that can do remote reads those that have atomics too, which farhold has no need of.
/// Asks libfabric each time.
std::set<std::string> names_with_atomics();

}  // namespace farhold::ofi::detail
