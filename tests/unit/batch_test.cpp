// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using ::testing::ElementsAre;

/// Four stored objects, none inside its proxy.
class batch : public ::testing::Test {
 protected:
  std::shared_ptr<test::watch> watch_ = std::make_shared<test::watch>();
  store store_{"batch", test::watched(watch_), {.inline_bytes = 0}};
  const std::vector<std::vector<int>> values_{{1}, {2, 2}, {3, 3, 3}, {}};
};

TEST_F(batch, what_is_put_together_is_got_together_in_order) {
  const std::vector<key> keys = store_.put_batch(values_);
  ASSERT_EQ(4U, keys.size());
  EXPECT_EQ(values_, store_.get_batch<std::vector<int>>(keys));
  EXPECT_EQ(4U, store_.metrics().published);
  EXPECT_EQ(24U, store_.metrics().published_bytes);
  EXPECT_EQ(1, watch_->get_batches) << "one call of the connector brings them all";
}

TEST_F(batch, nothing_is_stored_when_one_element_cannot_be) {
  watch_->publish_error = errc::transport_failure;
  EXPECT_FAILS(transport_failure, store_.put_batch(values_));
  EXPECT_EQ(0U, store_.metrics().published);
  EXPECT_EQ(4, watch_->abandoned);
}

TEST_F(batch, exists_and_evict_answer_for_each) {
  const std::vector<key> keys = store_.put_batch(values_);
  store_.evict(keys[1]);
  EXPECT_THAT(store_.exists_batch(keys), ElementsAre(true, false, true, true));
  EXPECT_FAILS(stale, store_.evict_batch(keys));
  EXPECT_THAT(store_.exists_batch(keys), ElementsAre(false, false, false, false)) << "the others were ended";
}

TEST_F(batch, one_failure_leaves_the_others_resolved) {
  const std::vector<key> keys = store_.put_batch(values_);
  store_.evict(keys[2]);
  std::vector<proxy<std::vector<int>>> proxies;
  for (const key& object : keys) proxies.push_back(store_.proxy_from_key<std::vector<int>>(object));
  EXPECT_FAILS(stale, resolve_all(proxies));
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(i != 2, proxies[i].resolved()) << i;
  EXPECT_EQ(1U, store_.metrics().observed_stale);
}

TEST_F(batch, proxies_of_small_elements_carry_them) {
  store small("small", local::connector(), {.inline_bytes = 8});
  const auto proxies = small.proxy_batch(values_);
  EXPECT_EQ(1U, small.metrics().published) << "all but one are small";
  resolve_all(proxies);
  for (std::size_t i = 0; i < values_.size(); ++i) EXPECT_EQ(values_[i], *proxies[i]);
}

TEST_F(batch, proxies_of_several_types_and_stores_resolve_together) {
  store other("other", local::connector(), {.inline_bytes = 0});
  const auto numbers = store_.proxy(values_[2]);
  const auto text = other.proxy(std::string(2000, 'x'));
  const proxy<int> called(factory<int>([] { return 7; }));
  const auto again = numbers;
  resolve_all(numbers, text, called, again);
  EXPECT_TRUE(numbers.resolved() && text.resolved() && called.resolved() && again.resolved());
  EXPECT_EQ(1, watch_->get_batches) << "one state, however many proxies";
  EXPECT_EQ(7, called);
}

TEST_F(batch, an_empty_proxy_is_refused_before_anything_moves) {
  const auto good = store_.proxy(values_[0]);
  EXPECT_FAILS(invalid_argument, resolve_all(good, proxy<int>()));
  EXPECT_FALSE(good.resolved());
}

TEST_F(batch, a_callable_that_resolves_another_proxy_of_the_batch_does_not_wait_for_itself) {
  const auto first = store_.proxy(values_[1]);
  const proxy<std::size_t> size(factory<std::size_t>([first] { return first.size(); }));
  resolve_all(size, first);
  EXPECT_EQ(2U, *size);
}

TEST_F(batch, invoke_calls_with_the_objects) {
  const auto numbers = store_.proxy(values_[2]);
  const auto factor = store_.proxy(5);
  std::string log;
  const int sum = farhold::invoke(
      [](const std::vector<int>& xs, int times, std::string& to, std::unique_ptr<int> moved) {
        to = "called";
        return static_cast<int>(xs.size()) * times + *moved;
      },
      numbers, factor, log, std::make_unique<int>(1));
  EXPECT_EQ(16, sum);
  EXPECT_EQ("called", log);
  EXPECT_EQ(1, watch_->get_batches);
}

TEST_F(batch, a_time_of_its_own_reaches_the_connector) {
  const auto p = store_.proxy(values_[0]);
  resolve_all(call_options{.timeout = std::chrono::seconds(3)}, p);
  EXPECT_LE(watch_->last_timeout_ns, std::chrono::nanoseconds(std::chrono::seconds(3)).count());
  EXPECT_GT(watch_->last_timeout_ns, 0);
}

TEST_F(batch, nothing_at_all_is_no_error) {
  resolve_all(std::vector<proxy<int>>());
  EXPECT_TRUE(store_.put_batch(std::vector<int>()).empty());
  EXPECT_TRUE(store_.get_batch<int>({}).empty());
}

}  // namespace
}  // namespace farhold
