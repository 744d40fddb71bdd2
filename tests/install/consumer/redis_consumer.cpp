// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Links the redis component. There is no server here, and that is what it must say.
#include <cstdio>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

int main() {
  try {
    static_cast<void>(farhold::store::open("nobody", "unix:///nonexistent/redis?db=0"));
  } catch (const farhold::error& problem) {
    std::puts(problem.what());
    return problem.kind() == farhold::errc::unreachable ? 0 : 1;
  }
  return 1;
}
