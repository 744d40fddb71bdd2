// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Which way the bytes went, and that nobody stood in it.
#include <chrono>
#include <thread>

#include "notice_board.hpp"
#include "suite.hpp"

namespace farhold::conformance {

using paths = suite;
using bytes = std::vector<std::byte>;

namespace {

/// What a producer does all the while: anything but calling the library.
enum class pastime { computing, asleep };

volatile double result_nobody_needs = 0;

void compute_a_little() {
  double x = 1;
  for (int i = 1; i < 200'000; ++i) x = x * 0.999 + 1.0 / i;
  result_nobody_needs = x;
}

}  // namespace

TEST_F(paths, every_resolve_takes_the_expected_path) {
  FARHOLD_CONFORMANCE_NEEDS(feature::expected_path);
  constexpr std::size_t count = 20;
  const auto size_of = [](std::size_t i) { return 1 + 3000 * i; };
  store& s = open();
  std::uint64_t own_bytes = 0;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto all = hand_out_many<bytes>(count, producer, [&](std::size_t i) {
      return s.proxy(payload(size_of(i), {owner, i}));
    });
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    std::uint64_t expected_bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      expect_payload(*all[i], size_of(i), {owner, i});
      expected_bytes += size_of(i);
    }
    own_bytes = expected_bytes;
    const metrics after = s.metrics();
    for (std::size_t p = 0; p < path_count; ++p) {
      SCOPED_TRACE(to_string(static_cast<path>(p)));
      const bool expected = static_cast<path>(p) == tested().way;
      EXPECT_EQ(after.by_path[p].resolves - before.by_path[p].resolves, expected ? count : 0U);
      EXPECT_EQ(after.by_path[p].bytes - before.by_path[p].bytes, expected ? expected_bytes : 0U);
    }
  });
  // What this process did for others: everything if it serves, and else nothing at all.
  const metrics mine = s.metrics();
  const auto consumers = static_cast<std::uint64_t>(size() == 1 ? 1 : size() - 1);
  const bool serves = tested().way == path::service;
  EXPECT_EQ(mine.service_requests, serves ? count * consumers : 0U);
  EXPECT_EQ(mine.service_bytes, serves ? own_bytes * consumers : 0U);
  EXPECT_EQ(mine.refused_requests, 0U);
  EXPECT_EQ(mine.published, count);
  EXPECT_EQ(mine.published_bytes, own_bytes);
  EXPECT_EQ(mine.quarantined_bytes, 0U);
}

class silent : public suite, public testing::WithParamInterface<pastime> {};

TEST_P(silent, a_producer_that_calls_nothing_is_resolved) {
  if (size() < 2) GTEST_SKIP() << tested().name << ": needs a consumer beside the producer";
  FARHOLD_CONFORMANCE_NEEDS(feature::silent_producer);
  constexpr std::size_t count = 12;
  const auto size_of = [](std::size_t i) { return i % 4 == 3 ? 700'000 + i : 100 * i; };
  store& s = open();
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto all = hand_out_many<bytes>(count, producer, [&](std::size_t i) {
      return s.proxy(payload(size_of(i), {owner, i}));
    });
    const notice_board board(broadcast(rank() == producer ? notice_board::make_folder() : bytes(), producer),
                             rank() == producer);
    if (rank() != producer) {
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_THAT(outcome_of([&] { return all[i]->size(); }), fails_with(errc::ok));
        if (all[i].resolved()) expect_payload(*all[i], size_of(i), {owner, i});
      }
      board.post(rank());
      return;
    }
    const auto pass_time = [] {
      if (GetParam() == pastime::computing) {
        compute_a_little();
      } else {
        std::this_thread::sleep_for(1ms);  // to be asleep is what is tried
      }
    };
    EXPECT_THAT(board.await_others(rank(), size(), patience, pass_time), testing::IsEmpty())
        << "ranks that did not come to an end";
  });
}

std::string name_of(const testing::TestParamInfo<pastime>& chosen) {
  return chosen.param == pastime::computing ? "computing" : "asleep";
}
INSTANTIATE_TEST_SUITE_P(paths, silent, testing::Values(pastime::computing, pastime::asleep), name_of);

}  // namespace farhold::conformance
