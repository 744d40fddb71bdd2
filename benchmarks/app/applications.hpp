// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include "stage.hpp"

namespace farhold::bench {

// Each is collective, on 3 ranks or more.

/// Producers, a dispatcher and consumers: by value, by Redis, by file and by proxy.
void relay(stage& all);
/// The same, of which consumers touch a part only.
void partial_use(stage& all);
/// The same with one large object for each: what memory that takes of whom.
void memory(stage& all);
/// One object to all other ranks.
void fan_out(stage& all);
/// What a simulation loses by publishing, and by being read.
void overlap(stage& all);
/// Gray–Scott with an analysis on another rank.
void insitu(stage& all);

}  // namespace farhold::bench
