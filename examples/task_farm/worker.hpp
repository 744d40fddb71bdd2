// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

namespace task_farm {

/// Where a worker can be told to kill itself, to see what happens then: `begun` with a task, its result
/// `made`, `published`, `told` to the manager.
inline constexpr const char* points[] = {"begun", "made", "published", "told"};

/// Does the tasks that come as lines on stdin, and keeps their results for whoever has the token, until stdin
/// ends:
///
///     7 count 0 4194304 PATH        ->  7 done TOKEN
///     9 merge TOKEN TOKEN           ->  9 done TOKEN
///     drop TOKEN                        the result is needed no more
///
/// A task that fails is answered by "7 failed REASON".
int work(const std::string& store_uri, const std::string& die_at);

}  // namespace task_farm
