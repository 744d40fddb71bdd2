// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The validated service when messages are late, lost, doubled, out of order or too many.
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;
constexpr std::uint64_t length = 50'000;  // 13 fragments
constexpr auto brief = 20ms;              // a timeout that is meant to pass

cluster_options by_messages(peer_id peers = 2) {
  cluster_options wanted;
  wanted.fabric.peers = peers;
  wanted.fabric.one_sided = false;
  wanted.engine.grace = 0ns;
  return wanted;
}

cluster_options silent_producer() {
  cluster_options wanted = by_messages();
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.progress_thread = peer != producer_id; };
  return wanted;
}

TEST(service, a_silent_producer_is_a_timeout_and_its_late_answers_find_nobody) {
  cluster both(silent_producer());
  const key object = put(both[producer_id], length, 1);
  std::atomic<int> alive{0};
  {
    const memory_landing_ptr landed(new memory_landing(&alive));
    read_report report;
    EXPECT_STATUS(timeout, both[consumer_id].get(object, *landed, brief, report));
    EXPECT_EQ(path::service, report.way);
  }
  EXPECT_EQ(0, alive) << "nobody else will write there";
  bool answer = false;
  EXPECT_STATUS(timeout, both[consumer_id].exists(object, brief, answer));
  for (int i = 0; i < 100; ++i) both.pump(producer_id);  // answers into the void, a sanitizer watching
  EXPECT_EQ(0U, counters_of(both[consumer_id]).quarantined_bytes);

  std::atomic<bool> done{false};
  std::thread producer([&] {
    while (!done) both.pump(producer_id);
  });
  expect_bytes(both[consumer_id], object, 1);
  done = true;
  producer.join();
}

TEST(service, an_evict_that_timed_out_happens_all_the_same) {
  cluster both(silent_producer());
  const key object = put(both[producer_id], length, 1);
  EXPECT_STATUS(timeout, both[consumer_id].evict(object, brief));
  both.pump(producer_id);
  EXPECT_STATUS(stale, both[producer_id].evict(object, 0ns));
}

TEST(service, fragments_that_come_after_the_deadline_find_nobody) {
  cluster both(by_messages());
  const key late = put(both[producer_id], length, 1);
  const key next = put(both[producer_id], length, 2);
  for (int i = 0; i < 5; ++i) {
    both.fabric().hold_messages(consumer_id, true);
    EXPECT_STATUS(timeout, get(both[consumer_id], late, brief).outcome);
    both.fabric().hold_messages(consumer_id, false);
    expect_bytes(both[consumer_id], next, 2);
  }
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
}

TEST(service, a_block_is_pinned_until_its_last_fragment_is_out) {
  // Payloads are fetched at delivery. If the block could be reused while they are under way, the consumer
  // would get bytes of the next object, under the right request and without a trailer to compare.
  cluster_options wanted = by_messages();
  wanted.engine.arena_bytes = length + 1000;  // room for one
  cluster both(wanted);
  const key object = put(both[producer_id], length, 1);
  both.fabric().hold_messages(consumer_id, true);
  got found;
  std::thread consumer([&] { found = get(both[consumer_id], object); });
  while (both.fabric().messages_pending() < 4) std::this_thread::yield();  // fragments wait at the consumer
  EXPECT_STATUS(ok, both[producer_id].evict(object, 0ns));
  reservation room;
  EXPECT_STATUS(out_of_memory, both[producer_id].reserve(length, brief, room));
  both.fabric().hold_messages(consumer_id, false);
  consumer.join();
  EXPECT_STATUS(ok, found.outcome);
  EXPECT_EQ(0U, count_wrong(found.landed->payload(), 1));
  wait_for_room(both[producer_id], length);
}

TEST(service, a_block_is_pinned_until_its_sender_knows) {
  cluster_options wanted = by_messages();
  wanted.engine.arena_bytes = 2000;
  cluster both(wanted);
  const key object = put(both[producer_id], 1000, 1);
  both.fabric().hold_sent(producer_id, true);
  expect_bytes(both[consumer_id], object, 1);  // the one fragment has arrived
  EXPECT_STATUS(ok, both[producer_id].evict(object, 0ns));
  reservation room;
  EXPECT_STATUS(out_of_memory, both[producer_id].reserve(4000, brief, room));
  both.fabric().hold_sent(producer_id, false);
  wait_for_room(both[producer_id], 4000);
}

TEST(service, a_send_that_fails_is_told_and_leaves_no_pin) {
  for (const auto what : {test::solo_call::send, test::solo_call::delivery}) {
    for (const std::size_t skipped : {0U, 1U, 3U, 4U, 12U}) {
      SCOPED_TRACE(skipped);
      cluster_options wanted = by_messages();
      wanted.engine.arena_bytes = length + 1000;
      cluster both(wanted);
      const key object = put(both[producer_id], length, 1);
      both.fabric().fail(producer_id, what, {errc::unreachable, 0, "as told"}, skipped);
      const errc told = get(both[consumer_id], object).outcome.code;
      const bool gap =
          what == test::solo_call::delivery && told == errc::corrupt;  // noticed by the next fragment
      EXPECT_TRUE(gap || told == errc::transport_failure) << to_string(told);
      expect_bytes(both[consumer_id], object, 1);
      EXPECT_STATUS(ok, both[producer_id].evict(object, 0ns));
      wait_for_room(both[producer_id], length);
    }
  }
}

TEST(service, a_request_that_cannot_be_sent_fails_at_once) {
  cluster both(by_messages());
  const key object = put(both[producer_id], length, 1);
  both.fabric().fail(consumer_id, test::solo_call::send, {errc::unreachable, 7, "as told"});
  const got found = get(both[consumer_id], object);
  EXPECT_STATUS(unreachable, found.outcome);
  EXPECT_EQ(7, found.outcome.native);
  expect_bytes(both[consumer_id], object, 1);
}

TEST(service, a_full_fabric_is_waited_for_and_not_an_error) {
  for (const std::size_t queue : {1U, 2U, 5U}) {
    SCOPED_TRACE(queue);
    cluster_options wanted = by_messages(3);
    wanted.fabric.queue_messages = queue;
    cluster all(wanted);
    const key object = put(all[producer_id], length, 1);
    on_threads(9, [&](std::size_t thread) {
      engine& consumer = all[thread % 3];  // the producer asks itself too
      for (int i = 0; i < 30; ++i) {
        bool answer = false;
        EXPECT_STATUS(ok, consumer.exists(object, patience, answer));
        expect_bytes(consumer, object, 1);
      }
    });
  }
}

TEST(service, a_request_to_a_peer_that_takes_none_is_a_timeout) {
  cluster_options wanted = silent_producer();
  wanted.fabric.queue_messages = 1;
  cluster both(wanted);
  const key object = put(both[producer_id], length, 1);
  EXPECT_STATUS(timeout, get(both[consumer_id], object, brief).outcome);
  EXPECT_STATUS(timeout, get(both[consumer_id], object, brief).outcome);  // this one could not even be sent
  EXPECT_EQ(1U, both.fabric().messages_pending());
}

TEST(service, a_peer_that_takes_no_messages_does_not_hold_up_the_others) {
  cluster_options wanted = by_messages(3);
  wanted.fabric.queue_messages = 2;
  cluster all(wanted);
  const key object = put(all[producer_id], length, 1);
  constexpr peer_id stopped = 2;
  all.fabric().hold_messages(stopped, true);
  on_threads(6, [&](std::size_t) {
    bool answer = false;
    EXPECT_STATUS(timeout, all[stopped].exists(object, brief, answer));
    EXPECT_STATUS(timeout, get(all[stopped], object, brief).outcome);
  });
  on_threads(4, [&](std::size_t) {
    for (int i = 0; i < 10; ++i) expect_bytes(all[consumer_id], object, 1);
  });
  all.fabric().hold_messages(stopped, false);
  expect_bytes(all[stopped], object, 1);
}

TEST(service, no_mishap_of_messages_brings_wrong_bytes) {
  using test::fate;
  std::array<std::uint64_t, 3> seen{};
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    cluster both(by_messages());
    const std::array objects{put(both[producer_id], length, 1), put(both[producer_id], length, 2),
                             put(both[producer_id], 100, 3)};
    std::mt19937_64 random(seed);
    both.fabric().judge_messages([&](peer_id, peer_id, byte_view, byte_view) {
      const auto dice = random() % 100;
      return dice < 2   ? fate::drop
             : dice < 4 ? fate::twice
             : dice < 6 ? fate::behind_the_next
                        : fate::deliver;
    });
    for (std::uint64_t i = 0; i < 60; ++i) {
      const got found = get(both[consumer_id], objects[i % 3], brief);
      ++seen[found.outcome.ok() ? 0 : found.outcome.code == errc::timeout ? 1 : 2];
      if (found.outcome.ok()) {
        ASSERT_EQ(0U, count_wrong(found.landed->payload(), i % 3 + 1));
      } else {
        EXPECT_TRUE(found.outcome.code == errc::timeout || found.outcome.code == errc::corrupt);
      }
    }
    both.fabric().judge_messages({});
    for (std::uint64_t i = 0; i < 3; ++i) expect_bytes(both[consumer_id], objects[i], i + 1);
  }
  for (const std::uint64_t count : seen) EXPECT_GT(count, 0U);
}

TEST(service, doubled_requests_do_no_harm) {
  cluster both(by_messages());
  const key object = put(both[producer_id], 100, 1);  // one fragment: the second of each finds nobody
  both.fabric().judge_messages([](peer_id, peer_id, byte_view, byte_view) { return test::fate::twice; });
  for (int i = 0; i < 20; ++i) expect_bytes(both[consumer_id], object, 1);
  EXPECT_STATUS(ok, both[consumer_id].evict(object, patience));
  EXPECT_EQ(1U, counters_of(both[producer_id]).evicted);
}

}  // namespace
}  // namespace farhold::rma
