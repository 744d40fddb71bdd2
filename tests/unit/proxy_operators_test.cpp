// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/proxy_operators.hpp>

#include <algorithm>
#include <bitset>
#include <chrono>
#include <compare>
#include <complex>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/proxy.hpp>

namespace lib {  // operators as libraries write them: hidden friends, members, free functions, free templates

struct hidden {
  int value = 0;
  friend bool operator==(const hidden&, const hidden&) = default;
  friend hidden operator+(const hidden& a, const hidden& b) { return {a.value + b.value}; }
  friend std::ostream& operator<<(std::ostream& out, const hidden& h) { return out << "hidden " << h.value; }
};
struct member {
  int value = 0;
  bool operator==(const member& other) const { return value == other.value; }
  bool operator<(const member& other) const { return value < other.value; }
  member operator-() const { return {-value}; }
  member operator*(double factor) const { return {static_cast<int>(value * factor)}; }
  int operator()(int a, int b) const { return value + a * b; }
};
struct from_int {  // converts
  from_int(int v) : value(v) {}
  int value;
  friend bool operator==(from_int a, from_int b) { return a.value == b.value; }
  friend from_int operator+(from_int a, from_int b) { return a.value + b.value; }
};
struct plain {
  int value = 0;
};
template <class E>
struct vector {
  E x, y;
  const E& operator[](int i) const { return i == 0 ? x : y; }
};
template <class E>
struct sum {  // an expression template: refers to its operands
  const vector<E>& a;
  const vector<E>& b;
  E operator[](int i) const { return a[i] + b[i]; }
};
template <class E>
sum<E> operator+(const vector<E>& a, const vector<E>& b) {
  return {a, b};
}
struct has_less_only {
  int value = 0;
  friend bool operator<(const has_less_only& a, const has_less_only& b) { return a.value > b.value; }
};
struct logger {
  std::string text;
  template <class T>
  logger& operator<<(const T& what) {
    text += std::is_same_v<T, farhold::proxy<int>> ? "[proxy]" : "[other]";
    static_cast<void>(what);
    return *this;
  }
};

}  // namespace lib

template <>
struct std::hash<lib::hidden> {
  std::size_t operator()(const lib::hidden& h) const noexcept {
    return static_cast<std::size_t>(h.value) * 31;
  }
};

namespace farhold {
namespace {

template <class T>
proxy<T> proxied(T value) {
  return proxy<T>(factory<T>([value] { return value; }));
}

template <class L, class R>
concept addable = requires(L l, R r) {
  std::forward<L>(l) + std::forward<R>(r);
};
template <class L, class R>
concept equal_with = requires(const L& l, const R& r) {
  l == r;
};
template <class L, class R>
concept less_with = requires(const L& l, const R& r) {
  l < r;
};
template <class T>
concept hashable = requires(const T& t) {
  std::hash<T>{}(t);
};
template <class T>
concept printable = requires(std::ostream& out, const T& t) {
  out << t;
};

// Each is asked of a proxy as an lvalue.
template <class P>
concept any_assignment = requires(P p) {
  p += 1;
}
|| requires(P p) { p += "x"; }
|| requires(P p) { p *= 2; }
|| requires(P p) { ++p; }
|| requires(P p) { p--; }
|| requires(P p) { p[0] = 1; }
|| requires(P p) { p[0] = 'x'; }
|| requires(P p) {
  *p = {};
};
template <class P>
concept read_from_stream = requires(std::istream& in, P p) {
  in >> p;
};
template <class P>
concept true_or_false = requires(P p) {
  p ? 1 : 0;
}
|| requires(P p) { p && true; }
|| requires(P p) { p || true; };
template <class P>
concept dying_operand_of_unary = requires(P p) {
  -std::move(p);
}
|| requires(P p) { ~std::move(p); };

TEST(comparison, with_the_target_and_what_it_compares_with) {
  const auto text = proxied<std::string>("abc");
  EXPECT_TRUE(text == "abc" && "abc" == text && text == std::string("abc") &&
              std::string_view("abc") == text);
  EXPECT_TRUE(text != "abd" && "abd" != text);
  EXPECT_TRUE(text < "b" && "b" > text && text <= "abc" && "abc" >= text && !(text > "abc"));
  EXPECT_TRUE((text <=> "abd") < 0);
  EXPECT_TRUE(("abd" <=> text) > 0);
  const auto number = proxied(3);
  EXPECT_TRUE(number == 3 && 3 == number && number != 4L && number < 3.5 && 2U < number);
  EXPECT_TRUE(proxied<std::size_t>(3) == 3);
  const auto numbers = proxied(std::vector<double>{1, 2});
  EXPECT_TRUE(numbers == (std::vector<double>{1, 2}));
  EXPECT_TRUE(numbers < (std::vector<double>{1, 3}));
  EXPECT_TRUE(proxied(std::optional<int>(3)) == 3);
}

TEST(comparison, of_two_proxies) {
  const auto a = proxied(1), b = proxied(2);
  const auto c = proxied(2L);
  EXPECT_TRUE(a == a && a != b && b == c && c == b && a < b && b > a && a <= c && c >= a);
  EXPECT_TRUE((a <=> b) == std::strong_ordering::less);
  EXPECT_TRUE((proxied(1.0) <=> proxied(NAN)) == std::partial_ordering::unordered);
}

TEST(comparison, on_proxies_about_to_die) {
  EXPECT_TRUE(proxied(3) == 3 && proxied(3) < proxied(4));
  EXPECT_EQ(proxied<std::string>("x"), "x");
}

TEST(comparison, is_the_target_s_own) {
  EXPECT_TRUE(proxied(lib::hidden{1}) == lib::hidden{1});
  EXPECT_TRUE(lib::hidden{1} == proxied(lib::hidden{1}));
  EXPECT_TRUE(proxied(lib::hidden{1}) == proxied(lib::hidden{1}));
  EXPECT_TRUE(proxied(lib::member{1}) == lib::member{1} && lib::member{1} == proxied(lib::member{1}));
  EXPECT_TRUE(proxied(lib::member{1}) < lib::member{2} && lib::member{1} < proxied(lib::member{2}));
  EXPECT_TRUE(proxied(lib::from_int(3)) == 3 && 3 == proxied(lib::from_int(3)));
  EXPECT_TRUE(proxied(lib::has_less_only{2}) < proxied(lib::has_less_only{1}))
      << "its < means something else";
}

TEST(comparison, is_absent_where_the_target_has_none) {
  static_assert(!equal_with<proxy<lib::plain>, lib::plain> &&
                !equal_with<proxy<lib::plain>, proxy<lib::plain>>);
  static_assert(!less_with<proxy<lib::hidden>, lib::hidden> &&
                !less_with<proxy<lib::hidden>, proxy<lib::hidden>>);
  static_assert(!equal_with<proxy<int>, std::string> && !equal_with<proxy<int>, proxy<std::string>>);
  static_assert(!less_with<proxy<std::complex<double>>, std::complex<double>>);
  static_assert(std::totally_ordered<proxy<int>> &&
                std::totally_ordered_with<proxy<std::string>, std::string>);
  static_assert(std::three_way_comparable<proxy<std::vector<double>>>);
  static_assert(std::equality_comparable<proxy<lib::hidden>> && !std::totally_ordered<proxy<lib::hidden>>);
}

TEST(arithmetic, on_either_side_and_both) {
  const auto a = proxied(7), b = proxied(2);
  EXPECT_EQ(a + 1, 8);
  EXPECT_EQ(1 + a, 8);
  EXPECT_EQ(a - b, 5);
  EXPECT_EQ(a * 2.5, 17.5);
  EXPECT_EQ(a / b, 3);
  EXPECT_EQ(a % b, 1);
  EXPECT_EQ(a & 3, 3);
  EXPECT_EQ(8 | b, 10);
  EXPECT_EQ(a ^ b, 5);
  EXPECT_EQ(a << b, 28);
  EXPECT_EQ(1 << b, 4);
  EXPECT_EQ(-a, -7);
  EXPECT_EQ(~a, ~7);
  EXPECT_EQ(!a, false);
  static_assert(std::is_same_v<decltype(a + 1.5F), float>);
}

TEST(arithmetic, is_the_target_s_own) {
  const auto h = proxied(lib::hidden{3});
  EXPECT_EQ(h + lib::hidden{1}, lib::hidden{4});
  EXPECT_EQ(lib::hidden{1} + h, lib::hidden{4});
  EXPECT_EQ(h + h, lib::hidden{6});
  const auto m = proxied(lib::member{3});
  EXPECT_EQ(-m, lib::member{-3});
  EXPECT_EQ(m * 2, lib::member{6});
  EXPECT_EQ(m(4, 5), 23);
  EXPECT_EQ(proxied(lib::member{3})(1, 1), 4);
  const auto f = proxied(lib::from_int(3));
  EXPECT_TRUE(f + 1 == 4 && 1 + f == 4);
  const auto text = proxied<std::string>("b");
  EXPECT_EQ(text + "c", "bc");
  EXPECT_EQ("a" + text, "ab");
  EXPECT_EQ(text + text + 'x', "bbx");
  const auto bits = proxied(std::bitset<4>(6));
  EXPECT_EQ((bits & std::bitset<4>(3)).to_ulong(), 2U);
  EXPECT_EQ((bits | bits).to_ulong(), 6U);
  EXPECT_EQ((~bits).to_ulong(), 9U);
  EXPECT_TRUE(bits[1]);
  using namespace std::chrono_literals;
  const auto time = proxied<std::chrono::milliseconds>(2s);
  EXPECT_EQ(time + 1s, 3s);
  EXPECT_EQ(2 * time, 4s);
  EXPECT_EQ(proxied(std::optional<int>())->has_value(), false);
}

TEST(arithmetic, may_refer_to_targets_that_stay) {
  const auto a = proxied(lib::vector<double>{1, 2}), b = proxied(lib::vector<double>{3, 4});
  const auto c = a + b;
  static_assert(std::is_same_v<decltype(c), const lib::sum<double>>);
  EXPECT_EQ(c[0] + c[1], 10);
  EXPECT_EQ((a + lib::vector<double>{1, 1})[1], 3);
}

TEST(arithmetic, refuses_proxies_about_to_die) {
  using p = proxy<int>;
  static_assert(addable<p&, p&> && addable<const p&, int> && addable<int, p&> && addable<int&&, const p&>);
  static_assert(!addable<p, int> && !addable<int, p> && !addable<p, p> && !addable<p&, p> &&
                !addable<p, const p&>);
  static_assert(!addable<p, int&> && !addable<const int&, p> && !addable<const p, int>);
  static_assert(!addable<p&, std::string> && !addable<p&, proxy<std::string>>);
  static_assert(!dying_operand_of_unary<proxy<int>>);
  EXPECT_EQ(*proxied(3) + 1, 4);
}

TEST(assignment, of_any_kind_is_absent) {
  static_assert(!std::is_assignable_v<proxy<int>&, int> &&
                !std::is_assignable_v<proxy<std::string>&, const char*>);
  static_assert(any_assignment<int> && any_assignment<std::vector<int>>);  // what is asked can be answered
  static_assert(!any_assignment<proxy<int>> && !any_assignment<proxy<std::string>> &&
                !any_assignment<proxy<std::vector<int>>>);
  static_assert(read_from_stream<int&> && !read_from_stream<proxy<int>> &&
                !read_from_stream<proxy<std::string>>);
  static_assert(std::is_same_v<decltype(&std::declval<proxy<int>&>()), proxy<int>*>);
}

TEST(truth, is_not_forwarded) {
  static_assert(!std::is_constructible_v<bool, proxy<int>> &&
                !std::is_constructible_v<bool, proxy<std::string>>);
  static_assert(true_or_false<int> && !true_or_false<proxy<int>> && !true_or_false<proxy<std::string>>);
  static_assert(!std::is_convertible_v<proxy<std::string>, std::string_view>);
}

TEST(output, prints_the_target) {
  std::ostringstream out;
  out << proxied(3) << ' ' << proxied<std::string>("text") << ' ' << proxied(lib::hidden{5}) << std::endl;
  EXPECT_EQ(out.str(), "3 text hidden 5\n");
  static_assert(!printable<proxy<lib::plain>> && !printable<proxy<std::vector<int>>> &&
                printable<proxy<double>>);
  std::wostringstream wide;
  wide << proxied(3);
  EXPECT_EQ(wide.str(), L"3");
  EXPECT_EQ((std::ostringstream() << proxied(4)).str(), "4");
}

TEST(output, to_what_takes_anything_takes_the_proxy) {  // archives do, and must get the token
  lib::logger log;
  const auto p = proxied(3);
  log << p << proxied(4) << 5;
  EXPECT_EQ(log.text, "[proxy][proxy][other]");
  EXPECT_FALSE(p.resolved());
}

TEST(hash, is_the_target_s) {
  EXPECT_EQ(std::hash<proxy<std::string>>{}(proxied<std::string>("k")), std::hash<std::string>{}("k"));
  static_assert(hashable<proxy<int>> && hashable<proxy<lib::hidden>>);
  static_assert(!hashable<proxy<lib::plain>> && !hashable<proxy<std::vector<int>>>);
}

TEST(standard_library, containers_keyed_by_proxies) {
  std::map<proxy<std::string>, int> ordered;
  std::unordered_map<proxy<std::string>, int> hashed;
  for (const char* const k : {"b", "a", "c", "a"}) {
    ++ordered[proxied<std::string>(k)];
    ++hashed[proxied<std::string>(k)];
  }
  EXPECT_EQ(ordered.size(), 3U);
  EXPECT_EQ(ordered.begin()->first, "a");
  EXPECT_EQ(hashed.at(proxied<std::string>("a")), 2);
  std::map<proxy<std::string>, int, std::less<>> transparent(ordered.begin(), ordered.end());
  EXPECT_EQ(transparent.find("b")->second, 1);
  EXPECT_EQ((std::set<proxy<int>>{proxied(1), proxied(1)}).size(), 1U);
  EXPECT_EQ((std::unordered_set<proxy<int>>{proxied(1), proxied(1)}).size(), 1U);
}

TEST(standard_library, algorithms_over_proxies) {
  std::vector<proxy<int>> v;
  for (const int i : {5, 3, 9, 1}) v.push_back(proxied(i));
  EXPECT_EQ(std::accumulate(v.begin(), v.end(), 0), 18);
  EXPECT_EQ(std::inner_product(v.begin(), v.end(), v.begin(), 0), 116);
  EXPECT_EQ(std::reduce(v.begin(), v.end(), 0), 18);
  std::sort(v.begin(), v.end());
  EXPECT_TRUE(std::is_sorted(v.begin(), v.end()));
  EXPECT_EQ(v.front(), 1);
  std::ranges::sort(v, std::ranges::greater{});
  EXPECT_EQ(v.front(), 9);
  EXPECT_EQ(std::ranges::find(v, 3) - v.begin(), 2);
  EXPECT_EQ(std::count(v.begin(), v.end(), 5), 1);
  EXPECT_EQ(*std::ranges::max_element(v), 9);
  EXPECT_TRUE(std::binary_search(v.rbegin(), v.rend(), 5));
  EXPECT_TRUE(std::ranges::equal(v, std::vector{9, 5, 3, 1}));
  const std::vector<int> values(v.begin(), v.end());
  EXPECT_EQ(values, (std::vector{9, 5, 3, 1}));
}

// A proxy must choose the overload that its target would.
std::string chosen(const std::string&) { return "string"; }
std::string chosen(const std::vector<int>&) { return "vector"; }
std::string chosen(int) { return "int"; }

TEST(overloads, are_chosen_as_for_the_target) {
  EXPECT_EQ(chosen(proxied<std::string>("x")), "string");
  EXPECT_EQ(chosen(proxied(std::vector<int>())), "vector");
  EXPECT_EQ(chosen(proxied(3)), "int");
}

}  // namespace
}  // namespace farhold
