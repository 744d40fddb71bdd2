// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"
#include "support/memory_connector.hpp"

namespace {  // somebody's code, which knows nothing of farhold

double sum(std::span<const double> xs) { return std::accumulate(xs.begin(), xs.end(), 0.0); }
double sum_of(const std::span<const double>& xs) { return sum(xs); }

}  // namespace

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;
using view = std::span<const double>;

static_assert(detail::is_pinned_view<view> && !detail::is_pinned_view<std::span<double>> &&
              !detail::is_pinned_view<std::span<const double, 3>>);
static_assert(detail::stored_as<view>::id() == detail::stored_as<doubles>::id());
static_assert(std::ranges::contiguous_range<proxy<view>>);
static_assert(!std::is_convertible_v<proxy<view>, std::span<double>>);

struct views : testing::Test {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  store s{"views", std::make_unique<test::memory_connector>(watch), {.inline_bytes = 0, .adopt_bytes = 0}};
  doubles values = doubles(1000, 2.0);

  proxy<view> viewed(const key& k) { return s.proxy_from_key<view>(k); }
  metrics::travelled on(path p) { return s.metrics().on(p); }
};

TEST_F(views, show_the_object_itself) {
  const double* const elements = values.data();
  const auto p = s.proxy(std::move(values));
  const auto q = proxy<view>::from_string(p.to_string());
  EXPECT_FALSE(q.resolved());
  EXPECT_EQ(sum(q), 2000);
  EXPECT_EQ(q.data(), elements);
  EXPECT_EQ(q.size(), 1000U);
  EXPECT_EQ(q[999], 2.0);
  EXPECT_EQ(on(path::view).resolves, 1U);
  EXPECT_EQ(on(path::view).bytes, 8000U);
  EXPECT_EQ(on(path::local).resolves, 0U) << "a view copies nothing";
  EXPECT_EQ(on(path::local).bytes, 0U);
  EXPECT_EQ(s.metrics().published_in_place, 1U);
}

TEST_F(views, become_spans_wherever_spans_are_taken) {
  proxy<view> p = s.proxy_from_key<view>(s.put(values));
  const proxy<view>& constant = p;
  EXPECT_EQ(sum(p), 2000);
  EXPECT_EQ(sum(constant), 2000);
  EXPECT_EQ(sum_of(p), 2000);
  EXPECT_EQ(sum_of(constant), 2000);
  EXPECT_EQ(sum(*p), 2000);
  EXPECT_EQ(sum(s.proxy_from_key<view>(p.key())), 2000) << "the proxy lives as long as the call";
  const view one = p, other = constant;
  EXPECT_EQ(one.data(), other.data());
  double total = 0;
  for (const double x : p) total += x;
  for (const double x : s.proxy_from_key<view>(p.key())) total += x;
  EXPECT_EQ(total, 4000);
  EXPECT_EQ(s.proxy_from_key<view>(p.key())[3], 2.0);
}

TEST_F(views, keep_the_object_while_they_live) {
  auto p = s.proxy_from_key<view>(s.put(values));
  auto copy = p;
  EXPECT_EQ(sum(p), 2000);
  s.evict(p.key());
  EXPECT_EQ(sum(p), 2000) << "what is resolved stays valid";
  p = {};
  EXPECT_EQ(sum(copy), 2000);
  EXPECT_TRUE(fails(errc::stale, [&] { return viewed(copy.key()).size(); }));
  s.close();
  EXPECT_EQ(sum(copy), 2000);
}

TEST_F(views, let_the_object_go_when_they_end) {
  auto counted = std::make_shared<int>(0);
  struct owner {
    std::shared_ptr<int> count;
    doubles memory;
  };
  auto* const users = new owner{counted, values};
  const resident memory{.memory = std::as_bytes(std::span(users->memory)),
                        .owner = users,
                        .release = [](void* self) noexcept { delete static_cast<owner*>(self); }};
  const auto local = local::connector();
  key k;
  ASSERT_TRUE(local->adopt(memory, detail::type_of<doubles>(), k).ok());
  detail::target_ptr<view> shown = detail::make_target<view>();
  read_report report;
  ASSERT_TRUE(local->get(k, *shown, std::chrono::seconds(1), report).ok());
  ASSERT_TRUE(local->evict(k, std::chrono::seconds(1)).ok());
  EXPECT_EQ(counted.use_count(), 2) << "pinned";
  shown->finish(8000);
  EXPECT_EQ(sum(*shown->object()), 2000);
  shown.reset();
  EXPECT_EQ(counted.use_count(), 1) << "released";
}

TEST_F(views, land_once_where_nothing_can_be_shown) {
  const key k = s.put(values);
  for (const auto way : {test::landing_way::fill, test::landing_way::prepare, test::landing_way::revocable}) {
    watch->way = way;
    const auto p = viewed(k);
    EXPECT_EQ(sum(p), 2000);
    EXPECT_EQ(p.size(), 1000U);
  }
  EXPECT_EQ(on(path::view).resolves, 0U);
  EXPECT_EQ(on(path::local).resolves, 3U);
  EXPECT_EQ(on(path::local).bytes, 24000U);
}

TEST_F(views, are_of_whatever_elements) {
  const auto text = s.proxy(std::string("a text of some length"));
  const auto q = proxy<std::span<const char>>::from_bytes(text.to_bytes());
  EXPECT_EQ(std::string(q.begin(), q.end()), *text);
  struct point {
    double x, y;
  };
  const auto points =
      proxy<std::span<const point>>::from_bytes(s.proxy(array<point>{{1, 2}, {3, 4}}).to_bytes());
  EXPECT_EQ(points[1].y, 4);
  EXPECT_TRUE(proxy<view>::from_bytes(s.proxy(doubles()).to_bytes()).empty());
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<view>::from_bytes(text.to_bytes()); }));
}

TEST_F(views, of_stored_spans_are_views) {
  const proxy<view> p = s.proxy(view(values));
  EXPECT_NE(p.data(), values.data()) << "a span's elements are copied";
  EXPECT_EQ(sum(p), 2000);
}

TEST_F(views, of_inlined_objects_are_copies) {
  store small("small", local::connector());
  const auto p = small.proxy(doubles{1, 2, 3});
  const auto q = proxy<view>::from_bytes(p.to_bytes());
  EXPECT_EQ(sum(q), 6);
  EXPECT_EQ(small.metrics().on(path::inlined).bytes, 24U);
}

TEST(views_and_caches, pins_are_not_cached) {
  auto watch = std::make_shared<test::memory_watch>();
  store s("cached", std::make_unique<test::memory_connector>(watch),
          {.inline_bytes = 0, .cache_bytes = 1 << 20});
  doubles field(100, 3.0);
  auto loan = s.lend(field);
  const key k = loan.key();
  EXPECT_EQ(sum(s.proxy_from_key<view>(k)), 300);
  loan.retract({.timeout = std::chrono::seconds(20)});  // would wait for a cached pin
  EXPECT_FALSE(loan.active());

  const key other = s.put(field);
  watch->way = test::landing_way::fill;
  EXPECT_EQ(sum(s.proxy_from_key<view>(other)), 300);
  const int before = watch->gets;
  EXPECT_EQ(sum(s.proxy_from_key<view>(other)), 300) << "what landed is";
  EXPECT_EQ(watch->gets, before);
}

TEST_F(views, are_shared_by_threads) {
  const auto p = viewed(s.put(values));
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, mine = p] {
      for (int i = 0; i < 50; ++i) {
        if (sum(mine) == 2000 && sum(viewed(mine.key())) == 2000) ++right;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(right, 200);
  EXPECT_EQ(on(path::view).resolves, 201U);
}

TEST_F(views, end_on_any_thread_after_an_evict) {
  for (int i = 0; i < 50; ++i) {
    auto p = s.proxy_from_key<view>(s.put(doubles(500, 1.0)));
    const key k = p.key();
    ASSERT_EQ(sum(p), 500);
    std::thread reader([mine = std::move(p)]() mutable {
      ASSERT_EQ(sum(mine), 500);
      mine = {};
    });
    s.evict(k);
    reader.join();
  }
}

}  // namespace
}  // namespace farhold
