// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Processes that see each other only in part: other users, namespaces, processes that hide. Either there is a
// way, if it must be the service, or the error that says why not.
#include "ways.hpp"

namespace farhold::shm::test {
namespace {

class isolated : public testing::Test {
 protected:
  /// What the consumer gets, and by which path if it gets it.
  static std::string resolve(peer& producer, peer& consumer, const std::string& uri = "shm://") {
    EXPECT_EQ(producer.ask("open shm://"), "done");
    EXPECT_EQ(consumer.ask("open " + uri), "done");
    const std::string token = producer.ask("put 50000 1");
    const std::string told = consumer.verdict("resolve " + token + " 50000 1 5000");
    if (told != "ok") return told;
    for (const char* path : {"mapped", "cma", "service"}) {
      if (consumer.ask(std::string("count ") + path) != "0") return path;
    }
    return "no path";
  }
};

TEST_F(isolated, another_pid_namespace) {
  const std::string command = "unshare --pid --fork --kill-child";
  FARHOLD_NEEDS(command);
  {
    peer producer(words(command)), consumer;
    EXPECT_EQ(resolve(producer, consumer), "mapped") << "seen from outside: " << consumer.last_answer;
    const std::string other = producer.ask("put 50000 2");
    producer.kill();
    EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 50000 2"), "producer_lost");
  }
  peer producer, consumer(words(command));
  EXPECT_EQ(resolve(producer, consumer), "service") << consumer.last_answer;
  const std::string other = producer.ask("put 50000 2");
  producer.kill();
  EXPECT_EQ(consumer.verdict("resolve " + other + " 50000 2 10000"), "producer_lost") << consumer.last_answer;
}

/// In which processes started at other times.
TEST_F(isolated, another_time_namespace) {
  const std::string command = "unshare --time --boottime 100000 --fork --kill-child";
  FARHOLD_NEEDS(command);
  for (const bool producer_is_outside : {false, true}) {
    peer inside(words(command)), outside;
    peer& producer = producer_is_outside ? outside : inside;
    peer& consumer = producer_is_outside ? inside : outside;
    EXPECT_EQ(resolve(producer, consumer), "service") << consumer.last_answer;
    const std::string other = producer.ask("put 50000 2");
    producer.kill();
    EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 50000 2"), "producer_lost")
        << consumer.last_answer;
  }
}

TEST_F(isolated, a_child_user_namespace) {
  const std::string command = "unshare --user --map-root-user";
  FARHOLD_NEEDS(command);
  {
    peer producer(words(command)), consumer;
    EXPECT_EQ(resolve(producer, consumer), "mapped") << consumer.last_answer;
  }
  peer producer, consumer(words(command));
  EXPECT_EQ(resolve(producer, consumer), "service") << consumer.last_answer;
}

TEST_F(isolated, a_user_namespace_in_which_nobody_has_a_name) {
  const std::string command = "unshare --user";
  FARHOLD_NEEDS(command);
  peer producer, consumer(words(command));
  EXPECT_EQ(resolve(producer, consumer), "permission")
      << "all users look alike there: " << consumer.last_answer;
}

TEST_F(isolated, another_network_namespace) {
  const std::string command = "unshare --net";
  FARHOLD_NEEDS(command);
  {
    peer producer, consumer(words(command));
    EXPECT_EQ(resolve(producer, consumer), "mapped") << "memory knows no network: " << consumer.last_answer;
    EXPECT_EQ(consumer.verdict("evict " + producer.ask("put 50000 2")), "unreachable")
        << consumer.last_answer;
  }
  peer producer, consumer(words(command));
  EXPECT_EQ(resolve(producer, consumer, "shm://?same_host=off"), "unreachable") << consumer.last_answer;
}

TEST_F(isolated, another_user) {
  const std::string command = "setpriv --reuid=12345 --regid=12345 --clear-groups";
  FARHOLD_NEEDS(command);
  for (const std::string path : {"automatic", "cma", "off"}) {
    SCOPED_TRACE(path);
    {
      peer producer(words(command)), consumer;
      EXPECT_EQ(resolve(producer, consumer, "shm://?same_host=" + path), "permission")
          << consumer.last_answer;
    }
    peer producer, consumer(words(command));
    EXPECT_EQ(resolve(producer, consumer, "shm://?same_host=" + path), "permission") << consumer.last_answer;
  }
}

TEST_F(isolated, a_process_that_hides_itself) {
  const std::string command = "setpriv --reuid=12345 --regid=12345 --clear-groups";
  FARHOLD_NEEDS(command);  // root sees all
  peer producer(words(command)), consumer(words(command));
  EXPECT_EQ(producer.ask("hide"), "done");
  EXPECT_EQ(resolve(producer, consumer), "service") << consumer.last_answer;
}

}  // namespace
}  // namespace farhold::shm::test
