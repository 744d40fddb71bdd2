// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// warm_resolve N: N times a proxy of a known key, resolved out of mapped memory and dropped. For counting
// instructions (benchmarks/instructions.sh): does nothing else that depends on N, and nothing that depends on
// chance or time.
#include <cstdio>
#include <cstdlib>

#include <farhold/farhold.hpp>

#include "micro.hpp"
#include "rma/solo_stores.hpp"

int main(int argc, char** argv) {
  using namespace farhold;
  const std::uint64_t count = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (count == 0) {
    std::fprintf(stderr, "usage: warm_resolve N\n");
    return 2;
  }
  rma::solo_stores stores({.arena_bytes = 1U << 20U, .progress_thread = false, .uri = {}, .time = {}});
  const key object = stores.producer().put(bench::sample_object);
  std::uint64_t right = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto p = stores.consumer().proxy_from_key<bench::small>(object);
    right += *p == bench::sample_object ? 1U : 0U;
  }
  const metrics m = stores.consumer().metrics();
  return right == count && m.on(path::mapped).resolves == count ? 0 : 1;
}
