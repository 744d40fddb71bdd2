// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"

// The standard library's templates, unmodified, with proxies that a store made: as ranges of their elements,
// as elements of ranges, and as keys. Each test counts its transfers.

namespace {  // somebody's code

using doubles = std::vector<double>;

double norm2(std::span<const double> xs) {
  return std::transform_reduce(xs.begin(), xs.end(), xs.begin(), 0.0);
}
std::size_t vowels(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return std::string_view("aeiou").find(c) < 5; }));
}

}  // namespace

namespace farhold {
namespace {

struct interop_ranges : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"ranges", test::watched(watch), {.inline_bytes = 0}};
  const proxy<doubles> p = s.proxy(doubles{3, 1, 2});

  [[nodiscard]] int transfers() const { return watch->gets; }
};

TEST_F(interop_ranges, algorithms_take_the_proxy_as_the_range_it_stands_for) {
  EXPECT_EQ(transfers(), 0);
  EXPECT_EQ(std::ranges::find(p, 1.0) - p.begin(), 1);
  EXPECT_EQ(std::ranges::find(*p, 2.0) - p->begin(), 2);
  EXPECT_EQ(std::ranges::max(p), 3);
  EXPECT_EQ(*std::ranges::min_element(p, std::greater<>()), 3);
  EXPECT_TRUE(std::ranges::any_of(p, [](double x) { return x > 2; }));
  EXPECT_FALSE(std::ranges::is_sorted(p));
  EXPECT_TRUE(std::ranges::is_permutation(p, doubles{1, 2, 3}));
  doubles doubled;
  std::ranges::transform(p, std::back_inserter(doubled), [](double x) { return 2 * x; });
  EXPECT_EQ(doubled, (doubles{6, 2, 4}));
  doubles sums(3);
  std::ranges::transform(p, doubled, sums.begin(), std::plus<>());
  EXPECT_EQ(sums, (doubles{9, 3, 6}));
  EXPECT_EQ(transfers(), 1);
}

TEST_F(interop_ranges, a_copy_is_sorted_and_the_target_is_not) {
  doubles copy = p;
  std::ranges::sort(copy);
  EXPECT_EQ(copy, (doubles{1, 2, 3}));
  doubles partly(p.size() - 1);  // with a constant GCC 12 warns of its own library
  std::ranges::partial_sort_copy(p, partly);
  EXPECT_EQ(partly, (doubles{1, 2}));
  EXPECT_EQ(*p, (doubles{3, 1, 2}));
  static_assert(!std::sortable<std::ranges::iterator_t<const proxy<doubles>&>>);
  static_assert(!std::sortable<std::ranges::iterator_t<proxy<doubles>&>>);
}

TEST_F(interop_ranges, numeric) {
  EXPECT_EQ(std::accumulate(p.begin(), p.end(), 0.0), 6);
  EXPECT_EQ(std::accumulate(std::begin(p), std::end(p), 1.0, std::multiplies<>()), 6);
  EXPECT_EQ(std::reduce(p->begin(), p->end()), 6);
  EXPECT_EQ(std::inner_product(p.begin(), p.end(), p->begin(), 0.0), 14);
  EXPECT_EQ(std::transform_reduce(p.begin(), p.end(), 0.0, std::plus<>(), [](double x) { return x * x; }),
            14);
  doubles sums;
  std::partial_sum(p.begin(), p.end(), std::back_inserter(sums));
  EXPECT_EQ(sums, (doubles{3, 4, 6}));
  EXPECT_EQ(transfers(), 1);
}

TEST_F(interop_ranges, span_and_string_view_parameters) {
  EXPECT_EQ(norm2(p), 14) << "a contiguous range becomes a span by itself";
  EXPECT_EQ(norm2(*p), 14);
  const auto text = s.proxy(std::string("interoperable"));
  EXPECT_EQ(vowels(*text), 6U) << "a string_view needs the star";
  static_assert(!std::is_invocable_v<decltype(vowels), const proxy<std::string>&>);
  EXPECT_EQ(transfers(), 2);
}

#ifndef __clang__  // clang 14 refuses the views of libstdc++ 12 altogether
TEST_F(interop_ranges, views_over_the_proxy_and_over_its_target) {
  const auto large = std::views::filter([](double x) { return x > 1; });
  const auto half = std::views::transform([](double x) { return x / 2; });
  const auto collect = [](auto&& view) {
    doubles out;
    for (const double x : view) out.push_back(x);
    return out;
  };
  auto lazy = p | large | half;
  EXPECT_EQ(transfers(), 0) << "a view looks at nothing before it is iterated";
  EXPECT_EQ(collect(lazy), (doubles{1.5, 1}));
  EXPECT_EQ(collect(*p | large), (doubles{3, 2}));
  EXPECT_EQ(collect(p | std::views::take(2)), (doubles{3, 1}));
  EXPECT_EQ(collect(std::views::reverse(p)), (doubles{2, 1, 3}));
  EXPECT_EQ(collect(std::views::all(p)), *p);
  EXPECT_EQ(collect(std::ranges::subrange(p.begin() + 1, p.end())), (doubles{1, 2}));
  EXPECT_EQ(transfers(), 1);

  const auto m = s.proxy(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  int sum = 0;
  for (const int value : m | std::views::values) sum += value;
  std::string names;
  for (const std::string& name : *m | std::views::keys) names += name;
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(names, "ab");

  const auto words = s.proxy(std::vector<std::string>{"far", "hold"});
  std::string joined;
  for (const char c : words | std::views::join) joined += c;
  EXPECT_EQ(joined, "farhold");
}

TEST_F(interop_ranges, range_of_proxies_is_joined) {
  const std::vector<proxy<doubles>> parts = {s.proxy(doubles{1, 2}), s.proxy(doubles{3})};
  double sum = 0;
  for (const double x : parts | std::views::join) sum += x;
  EXPECT_EQ(sum, 6);
  EXPECT_EQ(transfers(), 2);
}
#endif

TEST_F(interop_ranges, proxies_are_sorted_searched_and_summed_as_their_targets) {
  std::vector<proxy<std::string>> names;
  for (const char* const name : {"c", "a", "d", "b"}) names.push_back(s.proxy(std::string(name)));
  std::ranges::sort(names);
  EXPECT_TRUE(std::ranges::equal(names, std::vector<std::string>{"a", "b", "c", "d"}));
  std::ranges::sort(names, std::ranges::greater());
  EXPECT_EQ(names.front(), "d");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::ranges::lower_bound(names, std::string("c")) - names.begin(), 2);
  EXPECT_EQ(std::lower_bound(names.begin(), names.end(), "c") - names.begin(), 2);
  static_assert(!std::totally_ordered_with<proxy<std::string>, const char*>);  // they have no common type
  EXPECT_EQ(std::accumulate(names.begin(), names.end(), std::string()), "abcd");
  EXPECT_EQ(transfers(), 4);

  std::vector<proxy<doubles>> rows = {s.proxy(doubles{2, 1}), s.proxy(doubles{1, 5})};
  std::ranges::sort(rows);
  EXPECT_EQ(rows.front(), (doubles{1, 5}));
  std::ranges::sort(rows, {}, [](const doubles& row) { return row.back(); });
  EXPECT_EQ(rows.front(), (doubles{2, 1}));
  const std::vector<doubles> values(rows.begin(), rows.end());
  EXPECT_EQ(values.back(), (doubles{1, 5}));
}

TEST_F(interop_ranges, proxies_are_keys) {
  const auto a = s.proxy(std::string("a")), b = s.proxy(std::string("b")), also_a = s.proxy(std::string("a"));
  EXPECT_EQ((std::set<proxy<std::string>>{a, b, also_a}).size(), 2U);
  EXPECT_EQ((std::unordered_set<proxy<std::string>>{a, b, also_a}).size(), 2U);
  std::map<proxy<std::string>, int> ordered;
  std::unordered_map<proxy<std::string>, int> hashed;
  for (const auto& name : {b, a, also_a}) {
    ++ordered[name];
    ++hashed[name];
  }
  EXPECT_EQ(ordered.begin()->first, "a");
  EXPECT_EQ(ordered.at(a), 2);
  EXPECT_EQ(hashed.at(also_a), 2);
  EXPECT_EQ(hashed.count(s.proxy(std::string("c"))), 0U);
  EXPECT_EQ((std::map<std::string, int, std::less<>>{{"b", 7}}).find(b)->second, 7)
      << "and look up values where the comparison is transparent";
  EXPECT_EQ((std::unordered_map<std::string, int>{{"b", 7}}).at(b), 7) << "or by conversion";
  EXPECT_EQ((std::map<proxy<doubles>, int>{{p, 1}, {s.proxy(doubles{3, 1, 2}), 2}}).size(), 1U);
  EXPECT_EQ(transfers(), 3 + 1 + 2);
}

TEST_F(interop_ranges, a_key_that_cannot_be_had_leaves_the_container) {
  std::set<proxy<std::string>> names = {s.proxy(std::string("a"))};
  const auto gone = s.proxy(std::string("b"));
  s.evict(gone.key());
  EXPECT_THROW(names.insert(gone), error);
  EXPECT_EQ(names.size(), 1U);
  std::unordered_set<proxy<std::string>> hashed = {*names.begin()};
  EXPECT_THROW(hashed.insert(gone), error);
  EXPECT_EQ(hashed.size(), 1U);
}

}  // namespace
}  // namespace farhold
