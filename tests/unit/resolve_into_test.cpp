// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"
#include "support/memory_connector.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

struct resolving_into : testing::TestWithParam<test::landing_way> {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  store s{"into", std::make_unique<test::memory_connector>(watch), {.inline_bytes = 0}};
  doubles values = doubles(1000);

  void SetUp() override {
    watch->way = GetParam();
    std::iota(values.begin(), values.end(), 1.0);
  }
};

TEST_P(resolving_into, brings_the_bytes_where_they_are_wanted) {
  const auto p = s.proxy(values);
  doubles field(1002, -1.0);
  p.resolve_into(std::span(field).subspan(1, 1000));
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(field.front(), -1.0) << "and nowhere else";
  EXPECT_EQ(field.back(), -1.0);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), field.begin() + 1));
  EXPECT_EQ(s.metrics().on(path::local).resolves, 1U);
  EXPECT_EQ(s.metrics().on(path::view).resolves, 0U);

  array<double> other(1000);
  s.proxy_from_key<std::span<const double>>(p.key()).resolve_into(other);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), other.begin()));
  std::array<char, 5> text{};
  s.proxy(std::string("abcde")).resolve_into(text);
  EXPECT_EQ(std::string(text.begin(), text.end()), "abcde");
  doubles none;
  s.proxy(doubles()).resolve_into(none);
}

TEST_P(resolving_into, other_sizes_are_refused_before_anything_moves) {
  const auto p = s.proxy(values);
  for (const std::size_t size : {0U, 999U, 1001U}) {
    doubles field(size, -1.0);
    EXPECT_TRUE(fails(errc::invalid_argument,
                      [&] {
                        p.resolve_into(field);
                        return 0;
                      },
                      {"8000 bytes", std::to_string(size * 8)}));
    EXPECT_EQ(field, doubles(size, -1.0));
  }
  EXPECT_EQ(watch->gets, 0);
}

TEST_P(resolving_into, copies_from_what_is_resolved) {
  const auto p = s.proxy(values);
  p.resolve();
  const int before = watch->gets;
  doubles field(1000);
  p.resolve_into(field);
  EXPECT_EQ(field, values);
  EXPECT_EQ(watch->gets, before);
  doubles wrong(3);
  EXPECT_TRUE(fails(errc::invalid_argument, [&] {
    p.resolve_into(wrong);
    return 0;
  }));
}

TEST_P(resolving_into, may_be_tried_again) {
  const auto p = s.proxy(values);
  doubles field(1000);
  s.evict(p.key());
  EXPECT_TRUE(fails(errc::stale, [&] {
    p.resolve_into(field);
    return 0;
  }));
  EXPECT_TRUE(fails(errc::invalid_argument, [&] {
    proxy<doubles>().resolve_into(field);
    return 0;
  }));
}

INSTANTIATE_TEST_SUITE_P(ways, resolving_into,
                         testing::Values(test::landing_way::local, test::landing_way::fill,
                                         test::landing_way::prepare, test::landing_way::revocable));

struct staging : testing::Test {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  store s{"staging", std::make_unique<test::memory_connector>(watch), {.inline_bytes = 0}};
};

TEST_F(staging, a_late_fabric_does_not_write_into_the_callers_memory) {
  const auto p = s.proxy(doubles(100, 7.0));
  watch->way = test::landing_way::prepare;
  watch->get_error = errc::timeout;
  doubles field(100, -1.0);
  EXPECT_TRUE(fails(errc::timeout, [&] {
    p.resolve_into(field);
    return 0;
  }));
  ASSERT_NE(watch->kept, nullptr) << "in quarantine";
  std::memset(watch->kept->prepare(800, 72), 0xEE, 872);  // the same memory: it is a second attempt
  EXPECT_EQ(field, doubles(100, -1.0));
  watch->kept.reset();
  watch->get_error = errc::ok;
  p.resolve_into(field);
  EXPECT_EQ(field, doubles(100, 7.0));
}

TEST_F(staging, stages_in_recycled_memory) {
  const auto p = s.proxy(doubles(100'000, 7.0));
  watch->way = test::landing_way::prepare;
  doubles field(100'000);
  p.resolve_into(field);
  const auto before = detail::count_recycled().from_system;
  for (int i = 0; i < 10; ++i) p.resolve_into(field);
  EXPECT_EQ(detail::count_recycled().from_system, before);
}

TEST(resolve_into, of_inlined_cached_and_called_objects) {
  store s("others", local::connector(), {.cache_bytes = 1 << 20});
  const auto small = s.proxy(doubles{1, 2});
  doubles two(2);
  small.resolve_into(two);
  EXPECT_EQ(two, (doubles{1, 2}));
  EXPECT_FALSE(small.resolved());
  EXPECT_EQ(s.metrics().on(path::inlined).resolves, 1U);

  const key k = s.put(doubles(1000, 3.0));
  s.proxy_from_key<doubles>(k).resolve();
  doubles field(1000);
  s.proxy_from_key<doubles>(k).resolve_into(field);
  EXPECT_EQ(field, doubles(1000, 3.0));
  EXPECT_EQ(s.metrics().on(path::cached).resolves, 1U);

  const proxy<doubles> called{factory<doubles>([] { return doubles{5, 6}; })};
  called.resolve_into(two);
  EXPECT_EQ(two, (doubles{5, 6}));
  EXPECT_FALSE(called.resolved());
}

}  // namespace
}  // namespace farhold
