// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <map>
#include <string>

namespace farhold::bench {

/// Under which conditions figures were taken: by name, as written into each line of JSON.
using provenance = std::map<std::string, std::string>;

/// What every program knows: farhold, commit, compiler, build, the versions of MPI, UCX, libfabric ("ofi")
/// and of what Redis is spoken with, or why they are not built, CPU, cores, topology, kernel, hypervisor,
/// date, load.
[[nodiscard]] provenance observe_conditions();

/// The load average of the last minute, as the kernel prints it.
[[nodiscard]] std::string load_average();

}  // namespace farhold::bench
