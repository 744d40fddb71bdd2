// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Views between stores of different processes: their memory is used again when, and only when, nobody looks.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "ways.hpp"

namespace farhold::shm::test {
namespace {

/// In an arena of 1 MiB there is room for one object beside the one that is looked at.
constexpr int object_bytes = 400'000;

class views : public testing::Test {
 protected:
  void look(peer& producer, peer& consumer) {
    ASSERT_EQ(producer.ask("open shm://?arena=1MiB&grace=0ms"), "done");
    token = producer.ask("put " + std::to_string(object_bytes) + " 1");
    ASSERT_EQ(consumer.ask("open shm://"), "done");
    ASSERT_EQ(consumer.ask("view " + token + " 1"), "ok");
  }
  /// Ends the object and writes over all memory that is free.
  void end_and_reuse(peer& producer) {
    ASSERT_EQ(producer.ask("evict " + token), "done");
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(producer.ask("churn 400000 20"), "done");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // in which the producer may ask who lives
    }
  }
  static bool all_memory_is_back(peer& producer) { return producer.ask("churn 900000 1") == "done"; }
  static void expect_all_memory_back(peer& producer) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!all_memory_is_back(producer)) ASSERT_LT(std::chrono::steady_clock::now(), end);
  }

  std::string token;
};

TEST_F(views, are_kept_while_somebody_looks) {
  peer producer, consumer;
  look(producer, consumer);
  EXPECT_EQ(consumer.ask("count view"), "1");
  end_and_reuse(producer);
  EXPECT_EQ(consumer.ask("look"), "ok");
  EXPECT_FALSE(all_memory_is_back(producer));
  EXPECT_EQ(consumer.ask("drop"), "done");
  expect_all_memory_back(producer);
}

TEST_F(views, of_a_killed_consumer_are_given_back) {
  peer producer, consumer;
  look(producer, consumer);
  end_and_reuse(producer);
  consumer.kill();
  expect_all_memory_back(producer);
}

TEST_F(views, of_a_consumer_that_became_another_program_are_given_back) {
  peer producer, consumer;
  look(producer, consumer);
  end_and_reuse(producer);
  consumer.say("become_another");
  expect_all_memory_back(producer);
}

TEST_F(views, are_not_a_forked_childs) {
  peer producer, consumer;
  look(producer, consumer);
  EXPECT_EQ(consumer.ask("fork look"), "closed");
  EXPECT_EQ(consumer.ask("fork drop"), "done");
  EXPECT_EQ(consumer.ask("fork count view"), "1") << "its parent's, and no look at what is not there";
  end_and_reuse(producer);
  EXPECT_EQ(consumer.ask("look"), "ok");
}

TEST_F(views, of_ones_own_are_not_a_forked_childs_either) {
  peer producer;
  ASSERT_EQ(producer.ask("open shm://"), "done");
  const std::string own = producer.ask("put 1000 1");
  EXPECT_EQ(producer.ask("view " + own + " 1"), "ok");
  EXPECT_EQ(producer.ask("fork look"), "closed");
  EXPECT_EQ(producer.ask("look"), "ok");
}

TEST_F(views, stay_when_their_producer_is_killed) {
  peer producer, consumer;
  look(producer, consumer);
  const std::string other = producer.ask("put 1000 2");
  producer.kill();
  EXPECT_EQ(consumer.verdict_on_the_dead("resolve " + other + " 1000 2"), "producer_lost");
  EXPECT_EQ(consumer.ask("look"), "ok");
}

/// Each of the two may see the other's process by another number, or not at all.
class views_from : public views, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { FARHOLD_NEEDS(std::string(GetParam())); }
};

TEST_P(views_from, a_producer_in_another_namespace_are_kept_or_are_copies) {
  peer producer(words(GetParam())), consumer;
  look(producer, consumer);
  end_and_reuse(producer);
  EXPECT_EQ(consumer.ask("look"), "ok");
  RecordProperty("in_place", consumer.ask("count view"));
}

TEST_P(views_from, another_namespace_are_kept_or_are_copies) {
  peer producer, consumer(words(GetParam()));
  look(producer, consumer);
  end_and_reuse(producer);
  EXPECT_EQ(consumer.ask("look"), "ok");
  RecordProperty("in_place", consumer.ask("count view"));
}

TEST_F(views, of_a_producer_that_has_the_proc_of_another_namespace_are_kept_or_are_copies) {
  const std::string command = "unshare --pid --fork --kill-child";
  FARHOLD_NEEDS(command);
  peer producer(words(command));
  ASSERT_NE(producer.ask("fds"), "");  // it is there
  peer consumer({"nsenter", "--pid", "--target", std::to_string(producer.only_child()), "unshare", "--mount",
                 "sh", "-c", "mount -t proc proc /proc && exec \"$@\"", "sh"});
  look(producer, consumer);
  end_and_reuse(producer);
  EXPECT_EQ(consumer.ask("look"), "ok");
  RecordProperty("in_place", consumer.ask("count view"));
}

INSTANTIATE_TEST_SUITE_P(namespaces, views_from,
                         testing::Values("unshare --pid --fork --kill-child",
                                         "unshare --pid --fork --kill-child --mount-proc",
                                         "unshare --time --boottime 100000 --fork --kill-child",
                                         "unshare --user --map-root-user"),
                         [](const auto& chosen) { return std::to_string(chosen.index); });

}  // namespace
}  // namespace farhold::shm::test
