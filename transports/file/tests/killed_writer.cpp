// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdlib>
#include <random>
#include <utility>

#include <unistd.h>

#include <farhold/farhold.hpp>

#include "killed_record.hpp"

namespace farhold::file {

int write_until_killed(const std::string& uri, int pipe, std::uint64_t seed) {
  store s = store::open("killed", uri, {.inline_bytes = 0});
  std::minstd_rand dice(static_cast<unsigned>(seed));
  std::vector<key> mine;
  const auto tell = [&](record::kind what, const key& object) {
    const record r = record::of(what, object);
    if (::write(pipe, &r, sizeof r) != ssize_t{sizeof r}) std::_Exit(EXIT_FAILURE);
  };
  for (std::uint64_t i = 0;; ++i) {
    const std::size_t size_bytes =
        sizeof(conformance::origin) + dice() % (dice() % 4 == 0 ? 1'000'000 : 5'000);
    mine.push_back(s.put(telling_payload(size_bytes, {seed, i})));
    tell(record::put, mine.back());
    if (dice() % 3 == 0) continue;
    std::swap(mine[dice() % mine.size()], mine.back());
    tell(record::evicting, mine.back());
    s.evict(mine.back());
    tell(record::evicted, mine.back());
    mine.pop_back();
  }
}

}  // namespace farhold::file
