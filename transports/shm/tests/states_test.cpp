// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a consumer gets when its producer is stopped, was killed, has evicted, closed or was restarted, by
// each path. docs/faults.md is the table of it.
#include <chrono>
#include <string>
#include <thread>

#include "support/deaths.hpp"
#include "ways.hpp"

namespace farhold::shm::test {
namespace {

class states : public testing::TestWithParam<way> {
 protected:
  void SetUp() override {
    ASSERT_EQ(producer.ask("open shm://"), "done");
    ASSERT_EQ(consumer.ask(std::string("open ") + GetParam().uri), "done");
    token = producer.ask("put 50000 1");
    other = producer.ask("put 50000 2");
  }
  [[nodiscard]] bool served() const { return GetParam().name == std::string("service"); }
  std::string resolve(const std::string& what, int object, int timeout_ms = 10'000) {
    return consumer.verdict("resolve " + what + " 50000 " + std::to_string(object) + " " +
                            std::to_string(timeout_ms));
  }

  peer producer, consumer;
  std::string token, other;
};

TEST_P(states, a_stopped_producer_is_read_or_times_out) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.stop();
  EXPECT_EQ(resolve(other, 2, 300), served() ? "timeout" : "ok");
  producer.go_on();
  EXPECT_EQ(resolve(other, 2), "ok");
}

TEST_P(states, a_producer_that_was_stopped_before_anybody_met_it) {
  producer.stop();
  EXPECT_EQ(resolve(token, 1, 300), served() ? "timeout" : "ok");
  producer.go_on();
  EXPECT_EQ(resolve(token, 1), "ok");
}

TEST_P(states, a_killed_producer_is_lost) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.kill();
  EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 50000 2"), "producer_lost");
  EXPECT_EQ(consumer.verdict("exists " + token), "producer_lost");
  EXPECT_EQ(consumer.verdict("evict " + token), "producer_lost");
}

TEST_P(states, a_killed_producer_is_lost_within_50_ms) {
  const double took_ms = ms_until_lost(consumer, "open shm://");
  EXPECT_LT(took_ms, 50);
  RecordProperty("median_ms", std::to_string(took_ms));
}

TEST_P(states, a_producer_that_was_dead_before_anybody_met_it) {
  producer.kill();
  EXPECT_EQ(resolve(token, 1), "producer_lost") << consumer.last_answer;
}

TEST_P(states, a_producer_killed_while_it_is_asked) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.stop();
  consumer.say("resolve " + other + " 50000 2 10000");
  producer.kill();
  const std::string answer = consumer.line();
  EXPECT_TRUE(answer == "ok" || answer.starts_with("producer_lost")) << answer;
  if (served()) {
    EXPECT_TRUE(answer.starts_with("producer_lost")) << answer;
  }
}

TEST_P(states, evicted_objects_are_stale) {
  EXPECT_EQ(producer.ask("evict " + token), "done");
  EXPECT_EQ(resolve(token, 1), "stale");
  EXPECT_EQ(resolve(other, 2), "ok");
  EXPECT_EQ(consumer.ask("exists " + token), "no");
  EXPECT_EQ(consumer.ask("exists " + other), "yes");
  EXPECT_EQ(consumer.ask("evict " + other), "done") << "consumers may";
  EXPECT_EQ(producer.verdict("resolve " + other + " 50000 2"), "stale");
}

TEST_P(states, a_store_that_was_closed_or_opened_again_is_lost) {
  EXPECT_EQ(resolve(token, 1), "ok");
  EXPECT_EQ(producer.ask("close"), "done");
  EXPECT_EQ(resolve(other, 2), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(producer.ask("open shm://"), "done");
  const std::string anew = producer.ask("put 50000 1");
  EXPECT_EQ(resolve(other, 2), "producer_lost") << consumer.last_answer;
  EXPECT_EQ(resolve(anew, 1), "ok") << consumer.last_answer;
}

TEST_P(states, a_consumer_that_is_killed_leaves_its_producer_healthy) {
  EXPECT_EQ(resolve(token, 1), "ok");
  const std::string descriptors = producer.ask("fds");
  {
    peer victim;
    victim.ask(std::string("open ") + GetParam().uri);
    producer.stop();
    victim.say("resolve " + other + " 50000 2");
    victim.kill();
    producer.go_on();
  }
  EXPECT_EQ(resolve(other, 2), "ok");
  EXPECT_EQ(producer.ask("fds"), descriptors);
}

TEST_P(states, a_forked_child_of_the_producer_disturbs_nobody) {
  EXPECT_EQ(resolve(token, 1), "ok");
  EXPECT_EQ(producer.ask("fork put 10 1"), "closed");
  EXPECT_EQ(producer.ask("fork resolve " + token + " 50000 1"), "closed") << "of a store the program opened";
  const std::string child = producer.ask("fork_and_stay"), anew = producer.ask("exec_and_stay");
  EXPECT_EQ(resolve(other, 2), "ok");
  producer.kill();
  EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 50000 2"), "producer_lost")
      << "although children live on: " << consumer.last_answer;
  ::kill(std::stoi(child), SIGKILL);
  ::kill(std::stoi(anew), SIGKILL);
}

TEST_P(states, a_producer_that_becomes_another_program_has_ended) {
  EXPECT_EQ(resolve(token, 1), "ok");
  producer.say("become_another");
  EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 50000 2"), "producer_lost")
      << "although the process lives on: " << consumer.last_answer;
  EXPECT_EQ(consumer.verdict("exists " + token), "producer_lost");
  peer newcomer;
  EXPECT_EQ(newcomer.verdict("resolve " + token + " 50000 1"), "producer_lost") << newcomer.last_answer;
}

TEST_P(states, a_consumer_that_becomes_another_program_leaves_its_producer_healthy) {
  peer other_consumer;
  EXPECT_EQ(other_consumer.ask(std::string("open ") + GetParam().uri), "done");
  EXPECT_EQ(other_consumer.verdict("resolve " + token + " 50000 1"), "ok");
  other_consumer.say("become_another");
  EXPECT_EQ(resolve(other, 2), "ok");
  EXPECT_EQ(producer.ask("evict " + token), "done");
  EXPECT_EQ(resolve(token, 1), "stale");
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FARHOLD_THREADS_AFTER_FORK 0
#endif
#endif
#ifndef FARHOLD_THREADS_AFTER_FORK
#define FARHOLD_THREADS_AFTER_FORK 1
#endif

TEST_P(states, a_forked_child_of_a_consumer) {
  if (!FARHOLD_THREADS_AFTER_FORK) GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
  EXPECT_EQ(resolve(token, 1), "ok");
  EXPECT_EQ(consumer.ask("fork resolve " + other + " 50000 2"), "closed");
  EXPECT_EQ(consumer.ask("close"), "done");
  // Now by a store that is opened from the token.
  EXPECT_EQ(resolve(token, 1), "ok");
  EXPECT_EQ(consumer.ask("fork resolve " + other + " 50000 2"), "ok") << "a child opens one of its own";
  EXPECT_EQ(resolve(other, 2), "ok");
}

INSTANTIATE_TEST_SUITE_P(path, states, testing::ValuesIn(ways),
                         [](const auto& chosen) { return chosen.param.name; });

TEST(idle, a_store_that_nobody_asks_sleeps) {
  peer producer, consumer;
  producer.ask("open shm://");
  consumer.ask("open shm://?same_host=off");
  EXPECT_EQ(consumer.ask("resolve " + producer.ask("put 50000 1") + " 50000 1"), "ok");
  const auto sleeps = [](peer& of) {
    const std::string answer = of.ask("switches");
    EXPECT_EQ(answer.substr(0, 2), "1 ") << "one thread";
    return std::stoi(answer.substr(2));
  };
  const int producer_before = sleeps(producer), consumer_before = sleeps(consumer);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  // One or two ends of the traffic before; who polled, even ten times a second only, would have more.
  EXPECT_LE(sleeps(producer) - producer_before, 2);
  EXPECT_LE(sleeps(consumer) - consumer_before, 2);
}

}  // namespace
}  // namespace farhold::shm::test
