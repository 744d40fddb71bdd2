// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// published_steps N publish|keep: N steps of a computation of about 20 ms, whose result is a field of 1 MiB;
// published where it was computed, with four steps alive, or kept. For counting instructions
// (publishing_instructions.sh): does nothing that depends on chance or time, and has no progress thread,
// whose share time decides (`applications`).
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include <farhold/farhold.hpp>

#include "pattern.hpp"
#include "processor_use.hpp"
#include "rma/solo_stores.hpp"
#include "sizes.hpp"
#include "uninitialised.hpp"

int main(int argc, char** argv) {
  using namespace farhold;
  using namespace farhold::bench;
  const int steps = argc == 3 ? std::atoi(argv[1]) : 0;
  const std::string_view what = argc == 3 ? argv[2] : "";
  if (steps <= 0 || (what != "publish" && what != "keep")) {
    std::fprintf(stderr, "usage: published_steps N publish|keep\n");
    return 2;
  }
  constexpr int multiplications = 5'000'000;
  constexpr std::uint64_t words = mib / sizeof(word);
  constexpr std::size_t alive = 4;
  rma::solo_stores stores({.arena_bytes = 16 * mib, .progress_thread = false, .uri = {}, .time = {}});
  store& here = stores.producer();
  std::vector<word, uninitialised<word>> field(words, here.memory_resource());
  std::deque<key> published;
  double results = 0;
  for (int step = 0; step < steps; ++step) {
    results += chained_work(multiplications);
    fill(field.data(), words, static_cast<std::uint64_t>(step));
    if (what == "keep") continue;
    if (published.size() == alive) {
      here.evict(published.front());
      published.pop_front();
    }
    published.push_back(here.proxy(std::move(field)).key());
    field = std::vector<word, uninitialised<word>>(words, here.memory_resource());
  }
  const bool all =
      here.metrics().published_in_place == (what == "publish" ? static_cast<unsigned>(steps) : 0U);
  return results > 0 && all ? 0 : 1;
}
