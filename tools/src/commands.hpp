// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include "options.hpp"

namespace farhold::tools {

// Each runs one subcommand and returns the exit status. They throw `error` for what farhold reports and
// std::system_error for files.

int put(const options::put_options& how);
int get(const options::get_options& how);
int inspect(const options::inspect_options& how);
int info(const options::info_options& how);
int bench(const options::bench_options& how);

}  // namespace farhold::tools
