// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Links the component of a network, SCHEME, and includes nothing of it: the URI is enough.
#include <cstdio>
#include <vector>

#include <farhold/farhold.hpp>

int main() {
  try {
    farhold::store store =
        farhold::store::open(SCHEME, SCHEME "://?arena=1MiB&same_host=off", {.inline_bytes = 0});
    const auto p = store.proxy(std::vector<double>(1000, 0.5));
    const bool right = p->size() == 1000 && p[7] == 0.5;
    store.close();
    std::puts(right ? "resolved by " SCHEME : "wrong");
    return right ? 0 : 1;
  } catch (const farhold::error& problem) {
    std::puts(problem.what());
    return 1;
  }
}
