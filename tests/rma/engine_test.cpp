// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The life of objects on every path between two engines of one process.
#include "rma/engine.hpp"

#include <array>
#include <chrono>
#include <limits>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "cluster.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

struct way {
  std::string name;
  path expected;
  same_host local;
  test::solo_options fabric;
  validation mode = validation::recheck;
};

const std::array ways{
    way{"mapped", path::mapped, same_host::automatic, {}},
    way{"cma", path::cma, same_host::cma, {}},
    way{"cma_fast", path::cma, same_host::cma, {}, validation::fast},
    way{"service", path::service, same_host::off, {.one_sided = false}},
    way{"service_in_small_pieces",
        path::service,
        same_host::off,
        {.one_sided = false, .max_message_bytes = 100}},
    way{"service_with_short_queues",
        path::service,
        same_host::off,
        {.one_sided = false, .queue_messages = 1}},
    way{"window", path::window, same_host::off, {}},
    way{"window_fast", path::window, same_host::off, {}, validation::fast},
    way{"window_in_chunks", path::window, same_host::off, {.chunk_bytes = 1000}},
    way{"window_backwards", path::window, same_host::off, {.chunk_bytes = 1000, .backwards = true}},
    way{"window_that_needs_its_target", path::window, same_host::off, {.host_progress = true}},
};

class engine_test : public ::testing::TestWithParam<way> {
 protected:
  static cluster_options wanted() {
    cluster_options options;
    options.fabric = GetParam().fabric;
    options.engine.same_host = GetParam().local;
    options.engine.validation = GetParam().mode;
    options.engine.grace = 1h;  // a read is never long, however busy the machine
    return options;
  }

  cluster both{wanted()};
  engine& producer = both[0];
  engine& consumer = both[1];
};

std::string name_of(const ::testing::TestParamInfo<way>& chosen) { return chosen.param.name; }
INSTANTIATE_TEST_SUITE_P(paths, engine_test, ::testing::ValuesIn(ways), name_of);

TEST_P(engine_test, objects_of_every_size_arrive_whole) {
  for (const std::uint64_t length : {0U, 1U, 7U, 8U, 63U, 64U, 65U, 1000U, 4072U, 4073U, 4096U, 100'000U}) {
    SCOPED_TRACE(length);
    const key object = put(producer, length, length);
    const got found = get(consumer, object);
    ASSERT_OK(found.outcome);
    EXPECT_EQ(GetParam().expected, found.way);
    EXPECT_EQ(length, found.landed->payload().size());
    EXPECT_EQ(0U, count_wrong(found.landed->payload(), length));
    EXPECT_STATUS(ok, producer.evict(object, patience));
  }
}

TEST_P(engine_test, the_largest_object_fits_and_one_byte_more_does_not) {
  constexpr std::uint64_t largest = (std::uint64_t{1} << 20U) - sizeof(trailer);
  reservation room;
  EXPECT_STATUS(out_of_memory, producer.reserve(largest + 1, 0ns, room));
  const key object = put(producer, largest, 3);
  EXPECT_STATUS(out_of_memory, producer.reserve(0, 0ns, room));
  expect_bytes(consumer, object, 3);
}

TEST_P(engine_test, both_directions_and_oneself) {
  const key of_producer = put(producer, 5000, 1);
  const key of_consumer = put(consumer, 5000, 2);
  expect_bytes(consumer, of_producer, 1);
  expect_bytes(producer, of_consumer, 2);
  expect_bytes(producer, of_producer, 1);
  EXPECT_EQ(GetParam().expected, get(producer, of_producer).way);
}

TEST_P(engine_test, an_evicted_object_is_stale_for_everybody) {
  for (const bool by_consumer : {false, true}) {
    const key object = put(producer, 3000, 4);
    bool answer = false;
    for (engine* const asked : {&producer, &consumer}) {
      EXPECT_STATUS(ok, asked->exists(object, patience, answer));
      EXPECT_TRUE(answer);
    }
    EXPECT_STATUS(ok, (by_consumer ? consumer : producer).evict(object, patience));
    for (engine* const asked : {&producer, &consumer}) {
      EXPECT_STATUS(ok, asked->exists(object, patience, answer));
      EXPECT_FALSE(answer);
      EXPECT_STATUS(stale, get(*asked, object).outcome);
      EXPECT_STATUS(stale, asked->evict(object, patience));
    }
  }
  EXPECT_EQ(2U, counters_of(producer).evicted);
  EXPECT_EQ(0U, counters_of(consumer).evicted);
}

TEST_P(engine_test, a_slow_reader_is_told_that_the_object_ended) {
  // Evicted after all has arrived and before the second look, or between two fragments, or after the whole
  // read.
  const key object = put(producer, 50'000, 5);
  const memory_landing_ptr landed = make_landing();
  landed->before_return = [&] { EXPECT_STATUS(ok, producer.evict(object, patience)); };  // mapped
  read_report report;
  const status s = consumer.get(object, *landed, patience, report);
  if (GetParam().expected == path::mapped) {
    EXPECT_STATUS(stale, s);
    EXPECT_EQ(1U, counters_of(consumer).reused_during_read);
  } else {
    EXPECT_STATUS(ok, s);
  }
}

TEST_P(engine_test, keys_that_are_not_of_this_cluster_are_refused) {
  const key object = put(producer, 1000, 6);
  const auto outcome = [&](auto change) { return get(consumer, changed(object, change)).outcome; };
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  EXPECT_STATUS(producer_lost, outcome([](ticket& t) { t.incarnation ^= 1; }));
  EXPECT_STATUS(stale, outcome([](ticket& t) { t.generation += 1; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.generation = 0; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.arena = 1; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.offset = 0; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.offset += 8; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.offset = 1U << 30U; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.offset = huge - 63; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.length = huge; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.length = huge - 64; }));
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.length = 1U << 20U; }));
  EXPECT_STATUS(corrupt,
                get(consumer, key(object.type(), object.size_bytes(), object.id().first(31))).outcome);
  EXPECT_STATUS(corrupt, get(consumer, key()).outcome);
  EXPECT_FALSE(outcome([](ticket& t) { t.offset += 64; }).ok()) << "within bounds, and not an object";
  EXPECT_FALSE(outcome([](ticket& t) { t.length -= 8; }).ok());
  EXPECT_STATUS(corrupt, outcome([](ticket& t) { t.type.value ^= 1; }));
  bool answer = true;
  EXPECT_STATUS(producer_lost,
                consumer.exists(changed(object, [](ticket& t) { t.incarnation ^= 1; }), patience, answer));
  EXPECT_FALSE(answer);
  EXPECT_STATUS(corrupt, consumer.evict(changed(object, [](ticket& t) { t.offset = 0; }), patience));
  EXPECT_STATUS(corrupt, consumer.evict(changed(object, [](ticket& t) { t.type.value ^= 1; }), patience));
  EXPECT_STATUS(corrupt, producer.evict(changed(object, [](ticket& t) { t.length -= 8; }), patience));
  expect_bytes(consumer, object, 6);
}

TEST_P(engine_test, abandoned_room_is_given_back) {
  for (int i = 0; i < 20; ++i) {
    reservation room;
    ASSERT_OK(producer.reserve(500'000, 0ns, room));
    producer.abandon(room);
  }
}

TEST_P(engine_test, counters_tell_who_did_what) {
  const key object = put(producer, 10'000, 7);
  for (int i = 0; i < 3; ++i) expect_bytes(consumer, object, 7);
  const bool by_service = GetParam().expected == path::service;
  // A piece is counted when it has been sent, and may have arrived by then.
  metrics served = counters_of(producer);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (by_service && served.service_bytes < 30'000U && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
    served = counters_of(producer);
  }
  const metrics read = counters_of(consumer);
  EXPECT_EQ(by_service ? 3U : 0U, served.service_requests);
  EXPECT_EQ(by_service ? 30'000U : 0U, served.service_bytes);
  EXPECT_EQ(0U, served.refused_requests);
  const bool looks = GetParam().expected == path::window || GetParam().expected == path::cma;
  EXPECT_EQ(looks && GetParam().mode == validation::recheck ? 3U : 0U, read.second_looks);
  EXPECT_EQ(0U, read.reused_during_read);
  EXPECT_EQ(0U, read.quarantined_bytes);
}

TEST_P(engine_test, landings_that_refuse_are_an_error) {
  const key object = put(producer, 1000, 8);
  const memory_landing_ptr landed = make_landing();
  landed->refuse = true;
  read_report report;
  EXPECT_STATUS(out_of_memory, consumer.get(object, *landed, patience, report));
  EXPECT_STATUS(out_of_memory, producer.get(object, *landed, patience, report));
  expect_bytes(consumer, object, 8);
}

TEST_P(engine_test, close_ends_on_all_sides) {
  const key object = put(producer, 1000, 9);
  expect_bytes(consumer, object, 9);
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  for (engine* const closed : {&producer, &consumer}) {
    EXPECT_TRUE(closed->closed());
    reservation room;
    key made;
    bool answer = false;
    EXPECT_STATUS(closed, closed->reserve(1, 0ns, room));
    EXPECT_STATUS(closed, closed->publish(room, type_id{1}, made));
    EXPECT_STATUS(closed, get(*closed, object).outcome);
    EXPECT_STATUS(closed, closed->exists(object, 0ns, answer));
    EXPECT_STATUS(closed, closed->evict(object, 0ns));
    EXPECT_STATUS(closed, closed->close(0ns));
    static_cast<void>(counters_of(*closed));
  }
}

}  // namespace
}  // namespace farhold::rma
