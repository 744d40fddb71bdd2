// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>

#include "ways.hpp"

/// Which stages of the pipeline this process is.
struct role {
  bool producer = true;
  bool consumer = true;
};

/// Runs the pipeline in all four ways. The consumer prints what it found, and this is false if not all ways
/// gave the same summary, or a message was not as small as its way promises.
bool all_ways_agree(role mine, farhold::store& store, courier& between);
