// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <any>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

// The snippets of docs/what-needs-star.md, which tests/docs/quotes.sh compares with this file, and its
// claims.

// Snippets show values and use none; and compilers without -fopenmp do not know its pragmas.
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

namespace {  // somebody's code

using doubles = std::vector<double>;

double mean(const doubles& xs) {
  return std::accumulate(xs.begin(), xs.end(), 0.0) / static_cast<double>(xs.size());
}

template <class E>
E sum(const std::vector<E>& xs) {
  return std::accumulate(xs.begin(), xs.end(), E());
}

std::size_t words(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
}

struct label {
  label(const std::string& t) : text(t) {}  // NOLINT: converts
  std::string text;
};
std::size_t width(const label& l) { return l.text.size(); }

template <class U>
std::size_t footprint(const U& object) {
  return sizeof(object);
}

// A function of some C library.
using visitor = void (*)(double* cell, void* user);
void for_each_cell(double* cells, std::size_t count, visitor visit, void* user) {
  for (std::size_t i = 0; i < count; ++i) visit(cells + i, user);
}

}  // namespace

namespace farhold {
namespace {

using test::fails;

struct what_needs_star : testing::Test {
  store s{"star", local::connector(), {.inline_bytes = 0}};
  const proxy<doubles> p = s.proxy(doubles{1, 2, 3});
  const proxy<std::string> text = s.proxy(std::string("far and wide"));
  const proxy<double> x = s.proxy(2.5);

  [[nodiscard]] proxy<doubles> recv() const { return proxy<doubles>::from_string(p.to_string()); }
};

TEST_F(what_needs_star, nothing_of_this) {
  mean(p);  // const T&, T
  std::function<double(const doubles&)> f = mean;
  f(p);
  p->size();     // members
  p[1] + x * 2;  // operators, with T's meaning
  p == doubles{1, 2, 3};
  for (const double each : p) EXPECT_GT(each, 0);
  doubles copy = p;              // a T of one's own
  const double two = 2 * x - 3;  // numbers in expressions
  EXPECT_EQ(two + static_cast<double>(copy.size()), 5);
}

TEST_F(what_needs_star, deducing_templates) {
  double total = sum(*p);  // `sum(p)` finds no E for which a proxy is a std::vector<E>
  double largest = std::max(1.0, *x);
  double size = std::abs(*s.proxy(std::complex<double>(3, 4)));
  EXPECT_EQ(total + largest + size, 13.5);
}

TEST_F(what_needs_star, second_conversions) {
  words(*text);  // std::string converts to std::string_view, but a proxy only to std::string
  width(*text);  // the same with a class that is made of a std::string
  std::printf("%.1f\n", *x);
  EXPECT_EQ(words(*text) + width(*text), 15U);
}

TEST_F(what_needs_star, variants_pairs_and_tuples) {
  const auto option = s.proxy(std::pair(7, 0.5));
  const auto& [number, weight] = *option;
  const int first = std::get<0>(*option);
  const proxy<std::variant<int, double>> v{
      factory<std::variant<int, double>>([] { return std::variant<int, double>(0.5); })};
  const double half = std::visit([](auto value) { return static_cast<double>(value); }, *v);
  EXPECT_EQ(number + weight + first + half, 15);
}

TEST_F(what_needs_star, templates_of_anything) {
  auto q = p;                 // a proxy; `doubles xs = p` is a vector
  std::any any = p;           // holds a proxy; std::any(*p) holds a vector
  std::vector list = {p, q};  // two proxies
  footprint(p);               // 8, the size of a proxy; footprint(*p) is that of a vector
  EXPECT_EQ(footprint(p), sizeof(void*));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(footprint(*p), sizeof(doubles));
  EXPECT_EQ(std::any_cast<proxy<doubles>>(any).size(), 3U);
}

TEST_F(what_needs_star, truth) {
  EXPECT_TRUE(p.valid());        // is there a proxy?
  EXPECT_TRUE(*x != 0);          // is the number there true?
  EXPECT_FALSE(p->empty());      // has it elements?
  const doubles* address = &*p;  // `&p` is the address of the proxy
  EXPECT_EQ(address->size(), 3U);
}

TEST_F(what_needs_star, proxies_about_to_die) {
  double sum = 0;
  for (const double each : *recv()) sum += each;  // the star makes a vector of its own
  const doubles mine = *recv();
  const double first = recv()[0];         // by value
  const double more = *s.proxy(1.5) + 1;  // `s.proxy(1.5) + 1` does not compile
  EXPECT_EQ(sum + mine[2] + first + more, 12.5);
}

TEST_F(what_needs_star, ranges_need_a_common_type) {
  std::vector<proxy<std::string>> names = {text};
  EXPECT_EQ(std::ranges::find(names, std::string("far and wide")), names.begin());  // not a string literal
  EXPECT_EQ(std::find(names.begin(), names.end(), "far and wide"), names.begin());
}

TEST_F(what_needs_star, noexcept_bodies) {
  const doubles& xs = p;  // may throw here
  const auto first = [&xs]() noexcept { return xs.front(); };
  EXPECT_EQ(first(), 1);
  static_assert(!noexcept(static_cast<const doubles&>(p)) && !noexcept(*p) && !noexcept(p->size()));
}

TEST_F(what_needs_star, noexcept_bodies_that_access_end_the_program) {
  const auto first = [&]() noexcept { return p->front(); };
  s.evict(p.key());
  EXPECT_DEATH(first(), "");
}

TEST_F(what_needs_star, openmp_regions) {
  const doubles& xs = p;  // no exception may leave a parallel region
  double sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (std::size_t i = 0; i < xs.size(); ++i) sum += xs[i];
  EXPECT_EQ(sum, 6);
}

TEST_F(what_needs_star, callbacks_of_c) {
  double cells[] = {1, 2};
  double factor = x;  // no exception may pass through C
  for_each_cell(
      cells, 2, [](double* cell, void* user) { *cell *= *static_cast<const double*>(user); }, &factor);
  EXPECT_EQ(cells[1], 5);
}

TEST_F(what_needs_star, errors_come_at_the_access_and_the_next_one_tries_again) {
  s.evict(p.key());
  try {
    mean(p);
  } catch (const error& problem) {
    EXPECT_EQ(problem.kind(), errc::stale);  // docs/errors.md
  }
  EXPECT_TRUE(fails(errc::stale, [&] { return mean(p); }));
}

}  // namespace
}  // namespace farhold
