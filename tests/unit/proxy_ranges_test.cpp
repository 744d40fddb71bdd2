// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <iterator>
#include <list>
#include <map>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <farhold/proxy.hpp>

namespace farhold {
namespace {

using doubles = std::vector<double>;

template <class T>
proxy<T> proxied(T value) {
  return proxy<T>(factory<T>([value] { return value; }));
}

// As a const T, and no more: of a T that is no range in its const form, the proxy is none.
static_assert(std::ranges::contiguous_range<proxy<doubles>> &&
              std::ranges::contiguous_range<const proxy<doubles>>);
static_assert(std::ranges::sized_range<proxy<doubles>> && std::ranges::common_range<proxy<doubles>>);
static_assert(std::ranges::contiguous_range<proxy<std::string>> &&
              std::ranges::contiguous_range<proxy<std::array<int, 3>>>);
static_assert(std::ranges::bidirectional_range<const proxy<std::map<int, int>>> &&
              std::ranges::bidirectional_range<proxy<std::list<int>>> &&
              !std::ranges::random_access_range<proxy<std::set<int>>>);
static_assert(std::is_same_v<std::ranges::range_reference_t<proxy<doubles>>, const double&>);
static_assert(!std::ranges::range<proxy<int>> && !std::ranges::range<proxy<std::pair<int, int>>>);
// It owns nothing that outlives it, and copies are not views.
static_assert(!std::ranges::borrowed_range<proxy<doubles>> && !std::ranges::view<proxy<doubles>>);
static_assert(std::ranges::viewable_range<proxy<doubles>> &&
              std::ranges::viewable_range<const proxy<doubles>&>);

template <class P>
concept lets_go_of_iterators = requires {
  std::declval<P>().begin();
}
|| requires { std::declval<P>().end(); }
|| requires { std::declval<P>().cbegin(); }
|| requires { std::declval<P>().cend(); }
|| requires { std::declval<P>().data(); };
static_assert(lets_go_of_iterators<proxy<doubles>&> && lets_go_of_iterators<const proxy<doubles>&>);
static_assert(!lets_go_of_iterators<proxy<doubles>> && !lets_go_of_iterators<const proxy<doubles>>);
static_assert(std::is_same_v<decltype(std::declval<proxy<doubles>>()[0]), double>);
static_assert(std::is_same_v<decltype(std::declval<proxy<doubles>&>()[0]), const double&>);

TEST(range, has_the_members_of_its_target) {
  const auto p = proxied(doubles{1, 2, 3});
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(p.size(), 3U);
  EXPECT_TRUE(p.resolved());
  EXPECT_FALSE(p.empty());
  EXPECT_EQ(p[2], 3);
  EXPECT_EQ(p.data(), p->data());
  EXPECT_EQ(&*p.begin(), p->data());
  EXPECT_EQ(std::accumulate(p.begin(), p.end(), 0.0), 6);
  EXPECT_EQ(std::accumulate(p.cbegin(), p.cend(), 0.0), 6);
  EXPECT_TRUE(proxied(std::string()).empty());
  EXPECT_EQ(proxied(doubles{4})[0], 4);
  EXPECT_EQ(proxied(doubles{4}).size(), 1U);
}

TEST(range, works_with_the_free_functions) {
  const auto p = proxied(doubles{1, 2, 3});
  EXPECT_EQ(std::size(p), 3U);
  EXPECT_FALSE(std::empty(p));
  EXPECT_EQ(std::data(p), p.data());
  EXPECT_EQ(std::distance(std::begin(p), std::end(p)), 3);
  EXPECT_EQ(*std::cbegin(p), 1);
  EXPECT_EQ(std::ranges::size(p), 3U);
  EXPECT_EQ(*std::ranges::rbegin(p), 3);
  EXPECT_EQ(std::ranges::data(p), p.data());
}

TEST(range, loops) {
  double sum = 0;
  const auto p = proxied(doubles{1, 2});
  for (const double x : p) sum += x;
  for (const double x : proxied(doubles{10, 20})) sum += x;  // the temporary lives as long as the loop
  for (const double x : *proxied(doubles{100, 200})) sum += x;
  EXPECT_EQ(sum, 333);
  std::string keys;
  for (const auto& [name, value] : proxied(std::map<std::string, int>{{"a", 1}, {"b", 2}})) keys += name;
  EXPECT_EQ(keys, "ab");
}

TEST(range, goes_through_algorithms) {
  const auto p = proxied(doubles{3, 1, 2});
  EXPECT_EQ(*std::ranges::max_element(p), 3);
  EXPECT_EQ(std::ranges::count_if(p, [](double x) { return x > 1; }), 2);
  EXPECT_TRUE(std::ranges::equal(p, doubles{3, 1, 2}));
  doubles copy;
  std::ranges::copy(p, std::back_inserter(copy));
  std::ranges::sort(copy);
  EXPECT_EQ(copy, (doubles{1, 2, 3}));
  EXPECT_TRUE(std::lexicographical_compare(copy.begin(), copy.end(), p.begin(), p.end()));
  // Of a proxy that is gone no iterator is handed out.
  static_assert(std::is_same_v<decltype(std::ranges::find(proxied(doubles{}), 1.0)), std::ranges::dangling>);
}

TEST(range, becomes_a_span) {
  const auto p = proxied(doubles{1, 2, 3});
  const std::span<const double> view = p;
  EXPECT_EQ(view.data(), p.data());
  EXPECT_EQ(view.size(), 3U);
  EXPECT_EQ(std::span(p).size(), 3U);
  static_assert(!std::is_constructible_v<std::span<double>, proxy<doubles>&>);
}

#ifndef __clang__  // clang 14 refuses the views of libstdc++ 12 altogether
TEST(range, is_piped) {
  const auto p = proxied(doubles{1, 2, 3});
  auto copy = p;
  const auto twice = std::views::transform([](double x) { return 2 * x; });
  double sum = 0;
  for (const double x : p | twice) sum += x;
  for (const double x : copy | twice) sum += x;
  for (const double x : copy | std::views::drop(1)) sum += x;
  for (const double x : p | std::views::reverse | std::views::take(1)) sum += x;
  for (const double x : proxied(doubles{100}) | twice) sum += x;  // the view owns the proxy
  EXPECT_EQ(sum, 12 + 12 + 5 + 3 + 200);
}
#endif

TEST(range, is_matched) { EXPECT_THAT(*proxied(doubles{1, 2}), testing::ElementsAre(1, 2)); }

struct counter {  // has some of the members, and is no range
  [[nodiscard]] std::size_t size() const { return 7; }
  [[nodiscard]] bool empty() const { return false; }
  int begin() { return 1; }  // NOLINT: not of a const counter
  int operator[](const std::string& name) const { return static_cast<int>(name.size()); }
};

template <class P>
concept has_begin = requires(P p) {
  p.begin();
};
template <class P>
concept has_data = requires(P p) {
  p.data();
};
template <class P>
concept has_size = requires(P p) {
  p.size();
};
template <class P>
concept has_number_subscript = requires(P p) {
  p[1];
};

TEST(range, members_are_forwarded_one_by_one) {
  const auto p = proxied(counter{});
  EXPECT_EQ(p.size(), 7U);
  EXPECT_FALSE(p.empty());
  EXPECT_EQ(p["four"], 4);
  static_assert(!has_begin<proxy<counter>> && !has_data<proxy<counter>> &&
                !has_number_subscript<proxy<counter>>);
  static_assert(!has_size<proxy<int>> && !has_number_subscript<proxy<int>>);
  static_assert(!has_number_subscript<proxy<std::map<int, int>>>);  // a const map has none
  static_assert(has_number_subscript<proxy<doubles>> && has_data<proxy<doubles>>);
}

}  // namespace
}  // namespace farhold
