// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A token is all that goes from one process to another.
#include <farhold/farhold.hpp>

#include "conformance/pattern.hpp"
#include "ways.hpp"

namespace farhold::shm::test {
namespace {

class tokens : public testing::TestWithParam<way> {};

TEST_P(tokens, go_from_one_process_to_another) {
  peer producer, consumer;
  EXPECT_EQ(producer.ask("open shm://"), "done");
  EXPECT_EQ(consumer.ask(std::string("open ") + GetParam().uri), "done");
  for (const std::string size : {"0", "1", "5000", "3000001"}) {
    const std::string token = producer.ask("put " + size + " 7");
    EXPECT_LE(token.size(), 344U);
    EXPECT_EQ(consumer.ask("resolve " + token + " " + size + " 7"), "ok") << size;
  }
  EXPECT_EQ(consumer.ask(std::string("count ") + GetParam().name), "4") << "every one took that way";
  EXPECT_EQ(producer.ask("count served"), GetParam().name == std::string("service") ? "4" : "0");
}

TEST_P(tokens, both_ways_and_back) {
  peer a, b;
  a.ask(std::string("open ") + GetParam().uri);
  b.ask(std::string("open ") + GetParam().uri);
  const std::string from_a = a.ask("put 1000 1"), from_b = b.ask("put 2000 2");
  EXPECT_EQ(a.ask("resolve " + from_b + " 2000 2"), "ok");
  EXPECT_EQ(b.ask("resolve " + from_a + " 1000 1"), "ok");
  EXPECT_EQ(a.ask("resolve " + from_a + " 1000 1"), "ok") << "its own";
}

INSTANTIATE_TEST_SUITE_P(path, tokens, testing::ValuesIn(ways),
                         [](const auto& chosen) { return chosen.param.name; });

TEST(token, of_a_store_with_faults_carries_them_along) {
  peer producer, consumer;
  ASSERT_EQ(producer.ask("open fault+shm://?seed=7&fail_nth=2"), "done");
  const std::string token = producer.ask("put 50000 1");
  EXPECT_EQ(producer.verdict("put 50000 2"), "transport_failure") << "the second of each kind of calls";
  EXPECT_EQ(consumer.verdict("resolve " + token + " 50000 1"), "ok") << consumer.last_answer;
  EXPECT_EQ(consumer.verdict("resolve " + token + " 50000 1"), "transport_failure") << consumer.last_answer;
  EXPECT_EQ(consumer.verdict("resolve " + token + " 50000 1"), "ok") << consumer.last_answer;
}

TEST(token, is_resolved_by_a_process_that_opened_nothing) {
  peer producer;
  producer.ask("open shm://");
  const std::string token = producer.ask("put 70000 3");
  peer consumer;
  EXPECT_EQ(consumer.ask("resolve " + token + " 70000 3"), "ok");
  EXPECT_EQ(consumer.ask("resolve " + token + " 70000 3"), "ok") << "the store is kept";
  EXPECT_EQ(consumer.ask("switches").substr(0, 2), "1 ") << "one store, one thread";
  // A second producer of the same name is met by the same store.
  peer other;
  other.ask("open shm://");
  EXPECT_EQ(consumer.ask("resolve " + other.ask("put 70000 4") + " 70000 4"), "ok");
  EXPECT_EQ(consumer.ask("switches").substr(0, 2), "1 ");
}

TEST(token, opens_a_store_that_steps_back_for_the_programs_own) {
  peer producer, consumer;
  producer.ask("open shm://");
  const std::string token = producer.ask("put 5000 3");
  EXPECT_EQ(consumer.ask("resolve " + token + " 5000 3"), "ok");
  EXPECT_EQ(consumer.ask("open shm://"), "done") << "the name is not taken";
  EXPECT_EQ(consumer.ask("switches").substr(0, 2), "1 ")
      << "the one that was opened from the token has ended";
  EXPECT_EQ(consumer.ask("resolve " + token + " 5000 3"), "ok");
  EXPECT_EQ(producer.ask("resolve " + consumer.ask("put 6000 4") + " 6000 4"), "ok");
  EXPECT_EQ(consumer.ask("close"), "done");
  EXPECT_EQ(consumer.ask("resolve " + token + " 5000 3"), "ok") << "and is opened again";
}

TEST(token, is_passed_on_by_one_who_does_not_resolve_it) {
  peer producer, between, consumer;
  producer.ask("open shm://");
  between.ask("open shm://");
  consumer.ask("open shm://");
  const std::string token = producer.ask("put 5000 3");
  EXPECT_EQ(between.ask("compact " + token), token) << "a compact token finds its producer's address again";
  EXPECT_EQ(consumer.ask("resolve " + between.ask("compact " + token) + " 5000 3"), "ok");
}

TEST(token, that_is_compact_works_between_acquaintances) {
  store mine("shared", {.inline_bytes = 0});
  peer producer;
  producer.ask("open shm://");
  const auto portable = proxy<std::vector<std::byte>>::from_string(producer.ask("put 5000 3"));
  const auto compact = portable.to_bytes(token_form::compact);
  EXPECT_LE(compact.size(), 64U);
  EXPECT_EQ(proxy<std::vector<std::byte>>::from_bytes(compact)->size(), 5000U);
}

TEST(token, of_another_host_says_so) {
  peer producer;
  producer.ask("open shm://");
  const auto made = store_factory::from_text(producer.ask("put 5000 3"));
  std::string uri = made.uri();
  const auto host = uri.rfind('.') - 1;
  uri[host] = uri[host] == '0' ? '1' : '0';
  const auto elsewhere = std::make_shared<const farhold::detail::store_address>(
      farhold::detail::store_address{"elsewhere", uri, 1});
  const proxy<std::vector<std::byte>> p(
      factory<std::vector<std::byte>>(store_factory(elsewhere, made.object())));
  try {
    static_cast<void>(p.resolve());
    FAIL();
  } catch (const error& problem) {
    EXPECT_EQ(problem.kind(), errc::unreachable) << problem.what();
    EXPECT_NE(std::string(problem.what()).find("another host"), std::string::npos) << problem.what();
  }
}

TEST(uri, options_are_checked) {
  peer p;
  EXPECT_EQ(p.verdict("open shm://?arean=64MiB"), "invalid_argument");
  EXPECT_EQ(p.verdict("open shm://?same_host=maybe"), "invalid_argument");
  EXPECT_NE(p.last_answer.find("automatic or cma or off"), std::string::npos) << p.last_answer;
  EXPECT_EQ(p.verdict("open shm://nonsense"), "invalid_argument");
  EXPECT_EQ(p.verdict("open shm://?grace=soon"), "invalid_argument");
  EXPECT_EQ(p.verdict("open shm://?arena=4096TiB"), "out_of_memory");
  EXPECT_EQ(p.ask("open shm://?arena=1MiB&grace=1ms&validation=fast&progress=on"), "done");
  EXPECT_EQ(p.verdict("put 2000000 1"), "out_of_memory");
}

}  // namespace
}  // namespace farhold::shm::test
