// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The end of the room: where it is, what is said there, and that nothing is lost.
#include <chrono>

#include "patience.hpp"
#include "suite.hpp"

namespace farhold::conformance {

using capacity = suite;
using bytes = std::vector<std::byte>;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// What the fabric has not yet reported as sent holds its room, on a busy machine for longer than a put
/// waits.
proxy<bytes> put_once_there_is_room(store& s, const bytes& content) {
  for (const auto end = std::chrono::steady_clock::now() + patient(10s);;) {
    try {
      return s.proxy(content);
    } catch (const error& e) {
      if (e.kind() != errc::out_of_memory || std::chrono::steady_clock::now() > end) throw;
    }
  }
}

}  // namespace

TEST_F(capacity, the_largest_object_fits_and_one_byte_more_does_not) {
  FARHOLD_CONFORMANCE_NEEDS(feature::exact_capacity);
  store& s = open({.inline_bytes = 0}, mebibyte);
  const std::uint64_t largest = capabilities().max_object_bytes;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    proxy<bytes> made;
    if (rank() == producer) {
      const outcome told = outcome_of([&] { return s.put(bytes(largest + 1)); });
      EXPECT_THAT(told, fails_with(errc::out_of_memory));
      EXPECT_THAT(told.message, testing::HasSubstr(std::to_string(largest + 1))) << "what was asked for";
      EXPECT_THAT(told.message, testing::HasSubstr(std::to_string(mebibyte))) << "what there is";
      EXPECT_THAT(told.message, testing::HasSubstr("evict")) << "what to do about it";
      EXPECT_THAT(outcome_of([&] { return s.put(bytes(4 * mebibyte)); }), fails_with(errc::out_of_memory));
      made = s.proxy(payload(largest, {owner, 0}));
      EXPECT_THAT(outcome_of([&] { return s.put(bytes(1)); }), fails_with(errc::out_of_memory));
    }
    const auto whole = hand_out(made, producer);
    expect_payload(*whole, largest, {owner, 0});
  });
}

TEST_F(capacity, a_full_store_loses_nothing_and_takes_what_fits) {
  FARHOLD_CONFORMANCE_NEEDS(feature::exact_capacity);
  store& s = open({.inline_bytes = 0}, mebibyte);
  constexpr std::size_t large = 100'000;
  constexpr std::size_t small = 5'000;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    std::vector<proxy<bytes>> mine;
    std::size_t large_ones = 0;
    const auto put_until_full = [&](std::size_t size_bytes) {
      for (;;) {
        const outcome told = outcome_of([&] {
          mine.push_back(s.proxy(payload(size_bytes, {owner, mine.size()})));
          return 0;
        });
        if (told.kind == errc::ok) continue;
        EXPECT_THAT(told, fails_with(errc::out_of_memory));
        return;
      }
    };
    if (rank() == producer) {
      put_until_full(large);
      large_ones = mine.size();
      EXPECT_GE(large_ones, 9U);
      put_until_full(small);
      EXPECT_GT(mine.size(), large_ones) << "a smaller object still fits";
      EXPECT_EQ(s.metrics().published, mine.size());
    }
    const bytes numbers =
        broadcast({static_cast<std::byte>(mine.size()), static_cast<std::byte>(large_ones)}, producer);
    const auto count = std::to_integer<std::size_t>(numbers[0]);
    large_ones = std::to_integer<std::size_t>(numbers[1]);
    const auto all = hand_out_many<bytes>(count, producer, [&](std::size_t i) { return mine[i]; });
    for (std::size_t i = 0; i < all.size(); ++i) {
      expect_payload(*all[i], i < large_ones ? large : small, {owner, i});
    }
  });
}

TEST_F(capacity, evicted_room_is_used_again) {
  FARHOLD_CONFORMANCE_NEEDS(feature::exact_capacity);
  store& s = open({.inline_bytes = 0}, mebibyte);
  constexpr std::uint64_t rounds = 4;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    std::vector<proxy<bytes>> gone;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      proxy<bytes> made;
      // Each takes most of the room: it waits for that of its predecessor.
      if (rank() == producer) made = put_once_there_is_room(s, payload(900'000, {owner, round}));
      const auto here = hand_out(made, producer);
      if (consumes(producer)) expect_payload(*here, 900'000, {owner, round});
      gone.push_back(hand_out(made, producer));
      barrier();
      if (rank() == producer) s.evict(made.key());
      barrier();
    }
    for (const auto& p : gone) EXPECT_THAT(outcome_of([&] { return *p; }), fails_with(errc::stale));
  });
}

}  // namespace farhold::conformance
