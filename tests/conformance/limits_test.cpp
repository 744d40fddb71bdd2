// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a call may be told: when to end, and to end now. A call that can be done at once may be done all the
// same.
#include <stop_token>
#include <thread>

#include "notice_board.hpp"
#include "suite.hpp"

namespace farhold::conformance {

using limits = suite;
using bytes = std::vector<std::byte>;

namespace {

constexpr std::size_t payload_bytes = 500'001;  // more than one piece of a transfer

call_options cancelled_already() {
  std::stop_source source;
  source.request_stop();
  return {.stop = source.get_token()};
}

/// Each kind of call under `call`, on an object that is there. `refusal` is what it may say instead of doing
/// it.
void expect_done_or_refused(store& s, const proxy<bytes>& object, const origin& of, const call_options& call,
                            errc refusal) {
  const auto done_or_refused = testing::AnyOf(fails_with(errc::ok), fails_with(refusal));
  const auto fresh = [&] { return s.proxy_from_key<bytes>(object.key()); };
  const metrics before = s.metrics();

  const auto own = fresh();
  EXPECT_THAT(outcome_of([&] { return own.resolve(call).size(); }), done_or_refused);
  EXPECT_THAT(outcome_of([&] { return s.get<bytes>(object.key(), call); }), done_or_refused);
  EXPECT_THAT(outcome_of([&] { return s.exists(object.key(), call); }), done_or_refused);
  const std::vector<proxy<bytes>> many{fresh(), fresh(), fresh()};
  EXPECT_THAT(outcome_of([&] {
                resolve_all(many, call);
                return 0;
              }),
              done_or_refused);
  const std::vector<key> twice(2, object.key());
  EXPECT_THAT(outcome_of([&] { return s.exists_batch(twice, call); }), done_or_refused);

  // A refusal is of that call alone, and what a call has done is whole.
  EXPECT_EQ(first_wrong(*own, of), std::nullopt);
  for (const auto& p : many) {
    EXPECT_EQ(p->size(), payload_bytes);
    EXPECT_EQ(first_wrong(*p, of), std::nullopt);
  }
  EXPECT_TRUE(s.exists(object.key()));
  EXPECT_EQ(s.metrics().observed_stale, before.observed_stale);
}

/// The same for calls that change something: either all of it happened or nothing.
void expect_all_or_nothing(store& s, const call_options& call, errc refusal) {
  const auto done_or_refused = testing::AnyOf(fails_with(errc::ok), fails_with(refusal));
  const std::uint64_t published = s.metrics().published;
  const std::vector<bytes> three(3, bytes(1000));
  const put_options told{.timeout = call.timeout, .stop = call.stop};
  const outcome put = outcome_of([&] { return s.put(three[0], told); });
  EXPECT_THAT(put, done_or_refused);
  const outcome put_many = outcome_of([&] { return s.put_batch(three, told); });
  EXPECT_THAT(put_many, done_or_refused);
  EXPECT_EQ(s.metrics().published - published,
            (put.kind == errc::ok ? 1U : 0U) + (put_many.kind == errc::ok ? 3U : 0U));

  const key object = s.put(three[0]);
  const outcome evicted = outcome_of([&] {
    s.evict(object, call);
    return 0;
  });
  EXPECT_THAT(evicted, done_or_refused);
  EXPECT_EQ(s.exists(object), evicted.kind != errc::ok);
}

}  // namespace

TEST_F(limits, a_call_cancelled_before_it_begins_is_done_or_changes_nothing) {
  store& s = open();
  expect_all_or_nothing(s, cancelled_already(), errc::cancelled);
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 0};
    const auto object =
        hand_out(rank() == producer ? s.proxy(payload(payload_bytes, of)) : proxy<bytes>(), producer);
    if (consumes(producer)) expect_done_or_refused(s, object, of, cancelled_already(), errc::cancelled);
  });
}

TEST_F(limits, a_call_without_time_is_done_or_changes_nothing) {
  store& s = open();
  expect_all_or_nothing(s, {.timeout = 1ns}, errc::timeout);
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 0};
    const auto object =
        hand_out(rank() == producer ? s.proxy(payload(payload_bytes, of)) : proxy<bytes>(), producer);
    if (consumes(producer)) expect_done_or_refused(s, object, of, {.timeout = 1ns}, errc::timeout);
  });
}

TEST_F(limits, a_silent_producer_holds_up_no_call_that_is_cancelled_or_has_no_time) {
  if (size() < 2) GTEST_SKIP() << tested().name << ": needs a consumer beside the producer";
  FARHOLD_CONFORMANCE_NEEDS(feature::silent_producer);
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 0};
    const auto object =
        hand_out(rank() == producer ? s.proxy(payload(payload_bytes, of)) : proxy<bytes>(), producer);
    const notice_board board(broadcast(rank() == producer ? notice_board::make_folder() : bytes(), producer),
                             rank() == producer);
    if (rank() == producer) {
      // It is to call nothing that might progress the store, so that nobody can wake it: it looks now and
      // then.
      EXPECT_THAT(board.await_others(rank(), size(), patience, [] { std::this_thread::sleep_for(1ms); }),
                  testing::IsEmpty())
          << "ranks that did not come to an end";
      return;
    }
    for (int round = 0; round < 5; ++round) {
      const auto p = s.proxy_from_key<bytes>(object.key());
      operation going_on = p.resolve_async();
      if (round > 0) going_on.cancel();
      EXPECT_THAT(outcome_of([&] {
                    going_on.wait();
                    return 0;
                  }),
                  testing::AnyOf(fails_with(errc::ok), fails_with(round > 0 ? errc::cancelled : errc::ok)));
      EXPECT_TRUE(going_on.ready());
      EXPECT_THAT(outcome_of([&] { return s.get<bytes>(object.key(), {.timeout = 1ns}); }),
                  testing::AnyOf(fails_with(errc::ok), fails_with(errc::timeout)));
      EXPECT_THAT(outcome_of([&] { return p->size(); }), fails_with(errc::ok));
      if (p.resolved()) expect_payload(*p, payload_bytes, of);
    }
    board.post(rank());
  });
}

}  // namespace farhold::conformance
