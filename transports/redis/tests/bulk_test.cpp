// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Much at a time: many small objects, and one that a Redis value cannot hold.
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

#include "conformance/pattern.hpp"
#include "redis_server.hpp"

namespace farhold::redis {
namespace {

using bytes = std::vector<std::byte>;

TEST(redis_bulk, a_hundred_thousand_small_objects_in_batches) {
  const redis_server server;
  store s("many", connector({.unix_path = server.socket()}), {.inline_bytes = 0});
  constexpr std::size_t all = 100'000, at_once = 10'000;
  const auto size_of = [](std::size_t i) { return i * 13 % 300; };
  std::vector<key> keys;
  for (std::size_t from = 0; from < all; from += at_once) {
    std::vector<bytes> some;
    for (std::size_t i = from; i < from + at_once; ++i)
      some.push_back(conformance::payload(size_of(i), {1, i}));
    for (const key& made : s.put_batch(some)) keys.push_back(made);
  }
  std::size_t wrong = 0;
  for (std::size_t from = 0; from < all; from += at_once) {
    const std::span some = std::span(std::as_const(keys)).subspan(from, at_once);
    const std::vector<bytes> seen = s.get_batch<bytes>(some);
    for (std::size_t i = 0; i < at_once; ++i) {
      if (seen[i].size() != size_of(from + i) || conformance::first_wrong(seen[i], {1, from + i})) ++wrong;
    }
    s.evict_batch(some);
    for (const bool there : s.exists_batch(some)) wrong += there ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(s.metrics().evicted, all);
}

/// FARHOLD_REDIS_TEST_BYTES: the size of the object; a gibibyte and a bit in the extended run.
TEST(redis_bulk, an_object_of_many_pieces) {
  const char* const wanted = std::getenv("FARHOLD_REDIS_TEST_BYTES");
  const std::size_t size_bytes =
      wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : (std::size_t{40} << 20U) + 3;
  const redis_server server;
  const std::uint64_t chunk_bytes = wanted != nullptr ? options{}.chunk_bytes : std::uint64_t{1} << 20U;
  store s("large", connector({.host = "127.0.0.1", .port = server.port(), .chunk_bytes = chunk_bytes}),
          {.inline_bytes = 0, .timeout = std::chrono::minutes(4)});
  const key made = s.put(conformance::payload(size_bytes, {2, 0}));
  const bytes seen = s.get<bytes>(made);
  EXPECT_EQ(seen.size(), size_bytes);
  EXPECT_EQ(conformance::first_wrong(seen, {2, 0}), std::nullopt);
  s.evict(made);
  EXPECT_FALSE(s.exists(made));
}

}  // namespace
}  // namespace farhold::redis
