// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <atomic>
#include <barrier>
#include <chrono>
#include <future>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

// Meant for ThreadSanitizer as much as for the assertions.

namespace farhold {
namespace {

using doubles = std::vector<double>;

constexpr int thread_count = 8;

/// Runs `body(thread)` on all threads at the same moment.
template <class Body>
void on_all_threads(Body body) {
  std::barrier start(thread_count);
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      body(t);
    });
  }
  for (std::thread& t : threads) t.join();
}

struct proxy_threads : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"threads", test::watched(watch), {.inline_bytes = 0}};
  const doubles values = doubles(1000, 0.5);
};

double sum(const doubles& xs) { return std::accumulate(xs.begin(), xs.end(), 0.0); }

TEST_F(proxy_threads, one_proxy_one_transfer) {
  for (int round = 0; round < 50; ++round) {
    const auto p = s.proxy(values);
    watch->gets = 0;
    watch->get_delay_ms = round < 5 ? 5 : 0;
    std::atomic<const doubles*> seen = nullptr;
    on_all_threads([&](int) {
      EXPECT_EQ(sum(p), 500);
      const doubles* expected = nullptr;
      const doubles* const mine = &*p;
      if (!seen.compare_exchange_strong(expected, mine)) {
        EXPECT_EQ(expected, mine);
      }
    });
    EXPECT_EQ(watch->gets, 1);
  }
}

TEST_F(proxy_threads, copies_of_one_proxy_one_transfer) {
  for (int round = 0; round < 50; ++round) {
    const auto p = s.proxy(values);
    const std::vector<proxy<doubles>> copies(thread_count, p);
    watch->gets = 0;
    on_all_threads([&](int t) {
      auto mine = copies[static_cast<std::size_t>(t)];  // and the count of references moves meanwhile
      EXPECT_EQ(mine.size(), 1000U);
      auto another = std::move(mine);
      EXPECT_EQ(another[999], 0.5);
    });
    EXPECT_EQ(watch->gets, 1);
  }
}

TEST_F(proxy_threads, distinct_proxies_transfer_side_by_side) {
  std::vector<proxy<doubles>> proxies;
  for (int t = 0; t < thread_count; ++t) proxies.push_back(s.proxy(doubles(100, t)));
  on_all_threads([&](int t) { EXPECT_EQ(sum(proxies[static_cast<std::size_t>(t)]), 100.0 * t); });
  EXPECT_EQ(watch->gets, thread_count);
}

TEST_F(proxy_threads, failure_reaches_its_maker_and_the_next_one_tries) {
  for (int round = 0; round < 20; ++round) {
    const auto p = s.proxy(values);
    watch->gets = 0;
    watch->get_error = errc::unreachable;
    watch->failing_gets = 3;
    watch->get_delay_ms = 1;
    std::atomic<int> failed = 0, good = 0;
    on_all_threads([&](int) {
      try {
        EXPECT_EQ(sum(p), 500);
        ++good;
      } catch (const error& problem) {
        EXPECT_EQ(problem.kind(), errc::unreachable);
        ++failed;
      }
    });
    EXPECT_EQ(failed, 3) << "each failure is one thread's own";
    EXPECT_EQ(good, thread_count - 3);
    EXPECT_EQ(watch->gets, 4);
  }
}

TEST_F(proxy_threads, last_copy_may_go_anywhere) {
  for (int round = 0; round < 200; ++round) {
    auto p = s.proxy(values);
    std::thread other([q = p] { EXPECT_EQ(q.size(), 1000U); });
    EXPECT_EQ(p->size(), 1000U);
    p = {};
    other.join();
  }
}

TEST_F(proxy_threads, extract_races_with_other_copies) {
  for (int round = 0; round < 200; ++round) {
    auto p = s.proxy(values);
    std::thread other([q = p]() mutable { EXPECT_EQ(std::move(q).extract().size(), 1000U); });
    EXPECT_EQ(std::move(p).extract().size(), 1000U);
    other.join();
  }
}

TEST_F(proxy_threads, plain_callables_are_called_once) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> calls = 0;
    const proxy<int> p{factory<int>([&calls] { return ++calls; })};
    on_all_threads([&](int) { EXPECT_EQ(p, 1); });
    EXPECT_EQ(calls, 1);
  }
}

TEST_F(proxy_threads, async_takes_proxies) {
  const auto p = s.proxy(values);
  std::vector<std::future<double>> sums;
  for (int t = 0; t < thread_count; ++t) sums.push_back(std::async(std::launch::async, sum, p));
  for (auto& f : sums) EXPECT_EQ(f.get(), 500);
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(proxy_threads, store_is_used_by_all) {
  on_all_threads([&](int t) {
    for (int i = 0; i < 100; ++i) {
      const key k = s.put(t * 1000 + i);
      EXPECT_TRUE(s.exists(k));
      EXPECT_EQ(s.get<int>(k), t * 1000 + i);
      const auto p = s.proxy(std::vector<int>(10, t));
      EXPECT_EQ(proxy<std::vector<int>>::from_string(p.to_string())[9], t);
      s.evict(k);
      EXPECT_FALSE(s.exists(k));
    }
  });
  const metrics m = s.metrics();
  EXPECT_EQ(m.published, 2U * 100 * thread_count);
  EXPECT_EQ(m.evicted, 100U * thread_count);
  EXPECT_EQ(m.on(path::local).resolves, 2U * 100 * thread_count);
}

TEST(cache_threads, hits_misses_and_drops_together) {
  store s("cache threads", local::connector(), {.inline_bytes = 0, .cache_bytes = 4 * 800});
  std::vector<key> keys;
  for (int i = 0; i < 10; ++i) keys.push_back(s.put(doubles(100, i)));
  on_all_threads([&](int t) {
    for (int i = 0; i < 500; ++i) {
      const auto which = static_cast<std::size_t>((i * 7 + t * 3) % 10);
      const auto p = s.proxy_from_key<doubles>(keys[which]);
      EXPECT_EQ(p[99], static_cast<double>(which));
      if (i % 50 == 0) {
        EXPECT_EQ(s.get<doubles>(keys[which]).size(), 100U);
      }
    }
  });
  const metrics m = s.metrics();
  EXPECT_EQ(m.on(path::local).resolves + m.on(path::cached).resolves, thread_count * 510U);
}

}  // namespace
}  // namespace farhold
