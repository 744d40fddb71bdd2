// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <chrono>
#include <future>
#include <memory>
#include <semaphore>
#include <stop_token>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using namespace std::chrono_literals;

/// A proxy whose object is made when the test says so.
class gate {
 public:
  proxy<int> make() {
    return proxy<int>(factory<int>([this] {
      entered_.release();
      open_.acquire();
      return 42;
    }));
  }
  void await_entry() { entered_.acquire(); }
  void open() { open_.release(); }

 private:
  std::counting_semaphore<> entered_{0}, open_{0};
};

class async : public ::testing::Test {
 protected:
  std::shared_ptr<test::watch> watch_ = std::make_shared<test::watch>();
  store store_{"async", test::watched(watch_), {.inline_bytes = 0}};
};

TEST_F(async, an_operation_brings_the_object) {
  const auto p = store_.proxy(std::vector<int>{1, 2, 3});
  operation under_way = p.resolve_async();
  under_way.wait();
  EXPECT_TRUE(under_way.ready());
  EXPECT_EQ(errc::ok, under_way.outcome());
  EXPECT_TRUE(p.resolved());
  EXPECT_EQ(3U, p.size());
  under_way.wait();  // as often as one likes
}

TEST_F(async, goes_on_while_the_caller_does_something_else) {
  gate g;
  const auto p = g.make();
  operation under_way = p.resolve_async();
  g.await_entry();  // a thread of farhold's is inside
  EXPECT_FALSE(under_way.ready());
  EXPECT_FALSE(p.resolved());
  g.open();
  under_way.wait();
  EXPECT_EQ(42, p);
}

TEST_F(async, an_operation_that_is_dropped_goes_on) {
  gate g;
  const auto p = g.make();
  static_cast<void>(p.resolve_async());
  g.await_entry();
  g.open();
  EXPECT_EQ(42, p);
}

TEST_F(async, a_failure_is_kept_and_the_proxy_tries_again) {
  const auto p = store_.proxy(std::vector<int>{1});
  watch_->failing_gets = 1;
  watch_->get_error = errc::unreachable;
  operation under_way = p.resolve_async();
  EXPECT_FAILS(unreachable, under_way.wait());
  EXPECT_EQ(errc::unreachable, under_way.outcome());
  EXPECT_FAILS(unreachable, under_way.wait());
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(1U, p.size());
}

TEST_F(async, what_was_not_begun_is_cancelled_at_once) {
  // All threads there can be are inside a gate each.
  gate g;
  std::vector<proxy<int>> busy;
  std::vector<operation> held;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(g.make());
    held.push_back(busy.back().resolve_async());
    g.await_entry();
  }
  const auto p = store_.proxy(std::vector<int>{1});
  operation queued = p.resolve_async();
  queued.cancel();
  EXPECT_TRUE(queued.ready());
  EXPECT_EQ(errc::cancelled, queued.outcome());
  EXPECT_FAILS(cancelled, queued.wait());
  EXPECT_EQ(0, watch_->gets);
  // What nobody has begun, whoever waits for it does himself.
  operation other = p.resolve_async();
  other.wait();
  EXPECT_TRUE(p.resolved());
  for (int i = 0; i < 4; ++i) g.open();
  for (operation& one : held) one.wait();
}

TEST_F(async, the_callers_stop_token_cancels_too) {
  gate g;
  const auto p = g.make();
  operation first = p.resolve_async();
  g.await_entry();
  std::stop_source stop;
  operation second = p.resolve_async({.stop = stop.get_token()});  // waits for the first
  stop.request_stop();
  EXPECT_FAILS(cancelled, second.wait());
  g.open();
  first.wait();
  EXPECT_EQ(42, p);
}

TEST_F(async, waiting_for_another_threads_resolve_ends_at_the_waiters_own_deadline) {
  gate g;
  const auto p = g.make();
  auto maker = std::async(std::launch::async, [p] { return p.resolve(); });
  g.await_entry();
  EXPECT_FAILS(timeout, p.resolve({.timeout = 1ms}));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FAILS(cancelled, p.resolve({.stop = stop.get_token()}));
  g.open();
  EXPECT_EQ(42, maker.get());
  EXPECT_EQ(42, p.resolve({.timeout = 1ms})) << "what is here needs no time";
}

TEST_F(async, many_prefetches_share_few_batches_and_all_arrive) {
  std::vector<proxy<std::vector<int>>> all;
  for (int i = 0; i < 200; ++i) all.push_back(store_.proxy(std::vector<int>(100, i)));
  for (const auto& p : all) p.prefetch();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(i, all[static_cast<std::size_t>(i)][99]);
  EXPECT_EQ(200, watch_->gets) << "one transfer each";
}

TEST_F(async, a_prefetch_does_not_make_the_object_shared) {
  for (int i = 0; i < 100; ++i) {
    proxy<std::unique_ptr<int>> p(factory<std::unique_ptr<int>>([] { return std::make_unique<int>(3); }));
    p.prefetch();
    EXPECT_EQ(3, *std::move(p).extract()) << "a shared one could not be moved out";
  }
}

TEST_F(async, an_empty_proxy_has_nothing_to_resolve) {
  EXPECT_FAILS(invalid_argument, proxy<int>().prefetch());
  EXPECT_FAILS(invalid_argument, proxy<int>().resolve_async());
}

}  // namespace
}  // namespace farhold
