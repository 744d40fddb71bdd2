// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a consumer gets over the fabric when its producer is stopped, was killed, has evicted, closed or was
// opened again. docs/faults.md is the table of it.
#include <sstream>

#include "network/network.hpp"
#include "support/deaths.hpp"

namespace farhold::test {
namespace {

class states : public testing::TestWithParam<way> {
 protected:
  states() : producer(with(GetParam().settings)), consumer(with(GetParam().settings)) {}
  void SetUp() override {
    ASSERT_EQ(producer.ask("open " + uri(GetParam())), "done");
    ASSERT_EQ(consumer.ask("open " + uri(GetParam(), "same_host=off")), "done");
    token = producer.ask("put 50000 1");
    other = producer.ask("put 500000 2");
  }
  std::string resolve(const std::string& what, int object, int timeout_ms = 10'000) {
    const std::string size = object == 1 ? "50000 " : "500000 ";
    return consumer.verdict("resolve " + what + " " + size + std::to_string(object) + " " +
                            std::to_string(timeout_ms));
  }

  peer producer, consumer;
  std::string token, other;
};

TEST_P(states, objects_come_by_the_expected_path_and_from_nowhere_else) {
  EXPECT_EQ(resolve(token, 1), "ok") << consumer.last_answer;
  EXPECT_EQ(resolve(other, 2), "ok");
  const std::string expected = GetParam().path;
  for (const char* path : {"mapped", "cma", "window", "service"})
    EXPECT_EQ(consumer.ask(std::string("count ") + path), path == expected ? "2" : "0") << path;
  EXPECT_EQ(producer.ask("count served"), expected == "service" ? "2" : "0");
  EXPECT_LE(token.size(), 344U);
  EXPECT_EQ(consumer.ask("compact " + token), token) << "a compact token finds its producer's address again";
}

TEST_P(states, tokens_go_both_ways) {
  const std::string back = consumer.ask("put 70000 3");
  EXPECT_EQ(producer.verdict("resolve " + back + " 70000 3"), "ok") << "by mapping";
  EXPECT_EQ(producer.ask("count mapped"), "1");
  EXPECT_EQ(resolve(token, 1), "ok");
}

TEST_P(states, a_process_that_opened_nothing_finds_the_producer) {
  peer late(with(GetParam().settings));
  EXPECT_EQ(late.verdict("resolve " + token + " 50000 1"), "ok") << late.last_answer;
  EXPECT_EQ(late.ask("switches").substr(0, 2), "1 ") << "one store, one thread";
}

TEST_P(states, a_stopped_producer_times_out) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.stop();
  EXPECT_EQ(resolve(other, 2, 300), "timeout");
  producer.go_on();
  EXPECT_EQ(resolve(other, 2), "ok") << consumer.last_answer;
}

TEST_P(states, a_producer_that_was_stopped_before_anybody_met_it) {
  producer.stop();
  EXPECT_EQ(resolve(token, 1, 300), "timeout");
  producer.go_on();
  EXPECT_EQ(resolve(token, 1), "ok") << consumer.last_answer;
}

TEST_P(states, a_killed_producer_is_lost) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.kill();
  EXPECT_EQ(resolve(other, 2), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(consumer.verdict("exists " + token), "producer_lost");
  EXPECT_EQ(consumer.verdict("evict " + token), "producer_lost");
}

TEST_P(states, one_that_is_killed_on_this_host_is_lost_within_50_ms) {
  const double took_ms = ms_until_lost(consumer, "open " + uri(GetParam()), with(GetParam().settings));
  EXPECT_LT(took_ms, 50);
  RecordProperty("median_ms", std::to_string(took_ms));
}

TEST_P(states, a_producer_that_was_dead_before_anybody_met_it) {
  producer.kill();
  EXPECT_EQ(resolve(token, 1), "producer_lost") << consumer.last_answer;
}

TEST_P(states, evicted_objects_are_stale) {
  EXPECT_EQ(producer.ask("evict " + token), "done");
  EXPECT_EQ(resolve(token, 1), "stale");
  EXPECT_EQ(resolve(other, 2), "ok");
  EXPECT_EQ(consumer.ask("exists " + token), "no");
  EXPECT_EQ(consumer.ask("exists " + other), "yes");
  EXPECT_EQ(consumer.ask("evict " + other), "done") << "consumers may";
  EXPECT_EQ(producer.verdict("resolve " + other + " 500000 2"), "stale");
}

TEST_P(states, a_store_that_was_closed_or_opened_again_is_lost) {
  EXPECT_EQ(resolve(token, 1), "ok");
  EXPECT_EQ(producer.ask("close"), "done");
  EXPECT_EQ(resolve(other, 2), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(producer.ask("open " + uri(GetParam())), "done");
  const std::string anew = producer.ask("put 50000 1");
  EXPECT_EQ(resolve(other, 2), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(resolve(anew, 1), "ok") << consumer.last_answer;
}

TEST_P(states, another_store_at_the_same_address_is_another_store) {
  const std::string there_again = "address=127.0.0.1:" + std::to_string(first_port);
  EXPECT_EQ(producer.ask("close"), "done");
  EXPECT_EQ(producer.ask("open " + uri(GetParam(), there_again)), "done");
  const std::string there = producer.ask("put 50000 1");
  EXPECT_EQ(resolve(there, 1), "ok");
  EXPECT_EQ(producer.ask("close"), "done");
  EXPECT_EQ(producer.ask("open " + uri(GetParam(), there_again)), "done") << producer.last_answer;
  EXPECT_EQ(resolve(there, 1), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(resolve(producer.ask("put 50000 1"), 1), "ok") << consumer.last_answer;
}

TEST_P(states, an_idle_producer_sleeps) {
  EXPECT_EQ(resolve(token, 1), "ok");
  const auto switches = [this] {
    std::istringstream answer(producer.ask("switches"));
    long threads = 0, count = 0;
    answer >> threads >> count;
    return count;
  };
  const long before = switches();
  ::usleep(500'000);  // the time over which is counted
  EXPECT_LE(switches() - before, 20) << "some fabrics look after their connections once a second";
}

INSTANTIATE_TEST_SUITE_P(ways, states, testing::ValuesIn(ways),
                         [](const auto& chosen) { return chosen.param.name; });

TEST(uris, options_are_checked) {
  peer p(with(""));
  EXPECT_EQ(p.verdict("open " + uri("arean=64MiB")), "invalid_argument");
  EXPECT_EQ(p.verdict("open " + uri("same_host=maybe")), "invalid_argument");
  EXPECT_EQ(p.verdict("open " + uri() + "nonsense"), "invalid_argument");
  EXPECT_EQ(p.verdict("open " + uri("address=no_such_interface")), "invalid_argument");
  EXPECT_NE(p.last_answer.find("network interface"), std::string::npos) << p.last_answer;
  EXPECT_EQ(p.verdict("open " + uri("address=127.0.0.1:99999")), "invalid_argument");
  EXPECT_EQ(p.verdict("open " + uri("address=0.0.0.0")), "invalid_argument");
  EXPECT_EQ(p.verdict("open " + uri("arena=4096TiB")), "out_of_memory");
  EXPECT_EQ(p.ask("open " + uri("arena=1MiB&grace=1ms&validation=fast&progress=on&address=lo")), "done");
  EXPECT_EQ(p.verdict("put 2000000 1"), "out_of_memory");
  const std::string taken = "address=127.0.0.1:" + std::to_string(first_port + 1);
  peer q(with(""));
  EXPECT_EQ(q.ask("open " + uri(taken)), "done");
  EXPECT_EQ(p.ask("close"), "done");
  EXPECT_EQ(p.verdict("open " + uri(taken)), "transport_failure") << p.last_answer;
}

}  // namespace
}  // namespace farhold::test
