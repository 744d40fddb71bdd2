// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A consumer that lacks its producer's provider, or uses another one: objects come by the service, and the
// provider that is missing is named; once, or by the error, if the store was to be opened with it.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <farhold/ofi.hpp>

#include "network/network.hpp"

namespace farhold::test {
namespace {

constexpr const char* secret = "FARHOLD_SECRET=correct-horse-battery-staple";

class missing_provider : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string name : {"tcp", "net"}) {
      if (std::ranges::none_of(ofi::providers(), [&](const auto& one) { return one.name.starts_with(name); }))
        GTEST_SKIP() << "this libfabric has no provider '" << name << "'";
    }
  }

  /// Objects of a producer with this provider come to the consumer from their producer, and from nowhere
  /// else; those of one more like it too.
  void expect_service(peer& consumer, const std::string& provider) {
    for (const int objects : {1, 2}) {
      peer producer(with(secret));
      ASSERT_EQ(producer.ask("open " + uri("address=lo&provider=" + provider)), "done");
      const std::string token = producer.ask("put 50000 1");
      EXPECT_EQ(consumer.verdict("resolve " + token + " 50000 1"), "ok") << consumer.last_answer;
      EXPECT_EQ(consumer.ask("count window"), "0");
      // The store that the consumer has opened is the one that knows its paths.
      EXPECT_EQ(consumer.ask("count service"), std::to_string(objects));
      EXPECT_EQ(producer.ask("count served"), "1");
    }
  }
  /// What was said, once.
  void expect_notice(const std::vector<std::string>& words) const {
    const auto all = told.with_words("a producer is read by");
    ASSERT_EQ(all.size(), 1U);
    for (const std::string& word : words) EXPECT_NE(all[0].find(word), std::string::npos) << all[0];
  }

  notices told;
};

TEST_F(missing_provider, that_the_consumer_has_and_does_not_use) {
  peer consumer(told.kept(secret));
  ASSERT_EQ(consumer.ask("open " + uri("address=lo&same_host=off&provider=tcp")), "done");
  ASSERT_NO_FATAL_FAILURE(expect_service(consumer, "net"));
  expect_notice({"provider net,", "(it uses tcp", "?provider=net"});
}

TEST_F(missing_provider, that_the_consumer_does_not_have) {
  peer consumer(told.kept(std::string(secret) + " FI_PROVIDER=net"));
  ASSERT_EQ(consumer.ask("open " + uri("address=lo&same_host=off")), "done") << consumer.last_answer;
  ASSERT_NO_FATAL_FAILURE(expect_service(consumer, "tcp"));
  expect_notice({"provider tcp", "does not have; its libfabric has: net"});
}

TEST_F(missing_provider, where_there_is_none_at_all) {
  peer consumer(told.kept(std::string(secret) + " FI_PROVIDER=no_such"));
  ASSERT_EQ(consumer.ask("open " + uri("address=lo&same_host=off")), "done") << consumer.last_answer;
  ASSERT_NO_FATAL_FAILURE(expect_service(consumer, "tcp"));
  expect_notice({"provider tcp", "does not have; its libfabric has: none"});
}

TEST_F(missing_provider, is_no_matter_to_a_consumer_that_wants_none) {
  peer consumer(told.kept(secret));
  ASSERT_EQ(consumer.ask("open " + uri("address=lo&same_host=off&provider=off")), "done");
  ASSERT_NO_FATAL_FAILURE(expect_service(consumer, "tcp"));
  EXPECT_TRUE(told.with_words("a producer is read by").empty());
}

TEST_F(missing_provider, is_named_by_the_error_where_it_was_asked_for) {
  peer consumer(with(std::string(secret) + " FI_PROVIDER=net"));
  EXPECT_EQ(consumer.verdict("open " + uri("address=lo&provider=tcp")), "unsupported");
  for (const char* word : {"'tcp'", "libfabric has: net"})
    EXPECT_NE(consumer.last_answer.find(word), std::string::npos) << consumer.last_answer;
}

}  // namespace
}  // namespace farhold::test
