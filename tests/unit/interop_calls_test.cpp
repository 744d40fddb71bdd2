// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

// Ways to call a function with a proxy, and what it may stand for.

namespace {  // somebody's code

using doubles = std::vector<double>;

double mean(const doubles& xs) {
  return std::accumulate(xs.begin(), xs.end(), 0.0) / static_cast<double>(xs.size());
}
double scaled(double factor, const doubles& xs) { return factor * mean(xs); }
void store_mean(const doubles& xs, double& out) { out = mean(xs); }
double half(double x) { return x / 2; }

struct line {  // a callable that travels
  double slope, offset;
  double operator()(double x) const { return slope * x + offset; }
};
struct generic_line {
  double slope;
  template <class Number>
  auto operator()(Number x) const {
    return slope * x;
  }
};
struct particle {
  double mass = 0;
  std::array<double, 3> velocity{};
  [[nodiscard]] double energy() const {
    return mass / 2 * std::inner_product(velocity.begin(), velocity.end(), velocity.begin(), 0.0);
  }
};
struct only_moved {
  int value = 0;
  only_moved() = default;
  explicit only_moved(int v) : value(v) {}
  only_moved(only_moved&&) = default;
  only_moved& operator=(only_moved&&) = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};
int look_at(const only_moved& m) { return m.value; }

template <class U>
bool takes_itself(const U&) {
  return farhold::detail::is_proxy<U>;
}

}  // namespace

namespace farhold {
namespace {

struct interop_calls : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"calls", test::watched(watch), {.inline_bytes = 0}};
  const proxy<doubles> p = s.proxy(doubles{1, 2, 3, 6});

  template <class T>
  proxy<T> received(const proxy<T>& q) {
    return proxy<T>::from_string(q.to_string());
  }
};

TEST_F(interop_calls, async_and_threads) {
  EXPECT_EQ(std::async(std::launch::async, mean, p).get(), 3);
  EXPECT_EQ(std::async(std::launch::async, mean, received(p)).get(), 3);
  EXPECT_EQ(std::async(std::launch::deferred, scaled, 2, p).get(), 6);
  double out = 0;
  std::thread(store_mean, p, std::ref(out)).join();
  EXPECT_EQ(out, 3);
  std::packaged_task<double(const doubles&)> task(mean);
  auto result = task.get_future();
  std::thread(std::move(task), p).join();
  EXPECT_EQ(result.get(), 3);
  EXPECT_EQ(watch->gets, 2) << "a thread gets a copy, and copies share the target";
}

TEST_F(interop_calls, an_error_in_another_thread_arrives_in_the_future) {
  s.evict(p.key());
  auto result = std::async(std::launch::async, mean, p);
  EXPECT_TRUE(test::fails(errc::stale, [&] { return result.get(); }, {"it was evicted"}));
}

TEST_F(interop_calls, function_bind_and_invoke) {
  const std::function<double(const doubles&)> function = mean;
  EXPECT_EQ(function(p), 3);
  EXPECT_EQ(function(received(p)), 3);
  const std::function<double(doubles)> by_value = mean;
  EXPECT_EQ(by_value(p), 3);
  const auto bound = std::bind_front(mean, received(p));
  EXPECT_EQ(watch->gets, 2) << "binding is no access";
  EXPECT_EQ(bound(), 3);
  EXPECT_EQ(std::bind(scaled, std::placeholders::_1, p)(2), 6);
  EXPECT_EQ(std::invoke(mean, p), 3);
  EXPECT_EQ(std::invoke(&doubles::size, p.operator->()), 4U);
  EXPECT_EQ(std::invoke(&doubles::size, p), 4U)
      << "a proxy dereferences, so std::invoke takes it for a pointer";
  EXPECT_EQ(std::apply(scaled, std::tuple(2, p)), 6);
  EXPECT_EQ(std::mem_fn(&particle::energy)(s.proxy(particle{2, {1, 2, 0}})), 5);
}

TEST_F(interop_calls, callables_inside_proxies) {
  const auto f = s.proxy(line{2, 1});
  EXPECT_EQ(f(3), 7);
  EXPECT_EQ(received(f)(3), 7) << "also one about to die";
  EXPECT_EQ(std::invoke(f, 3), 7);
  EXPECT_EQ(std::transform_reduce(p.begin(), p.end(), 0.0, std::plus<>(), f), 28);
  const std::function<double(double)> as_function = f;
  EXPECT_EQ(as_function(1), 3);
  EXPECT_EQ(s.proxy(generic_line{2})(3), 6);
  const proxy<std::function<double(double)>> wrapped{
      factory<std::function<double(double)>>([] { return std::function<double(double)>(half); })};
  EXPECT_EQ(wrapped(5), 2.5);
  static_assert(std::is_invocable_r_v<double, const proxy<line>&, int>);
  static_assert(!std::is_invocable_v<const proxy<line>&, std::string> && !std::is_invocable_v<proxy<int>&>);
}

TEST_F(interop_calls, visit_get_apply_and_bindings_need_the_star) {
  using either = std::variant<int, std::string>;
  const proxy<either> v{factory<either>([] { return either("text"); })};
  EXPECT_EQ(std::visit([](const auto& x) { return takes_itself(x); }, *v), false);
  EXPECT_EQ(std::get<std::string>(*v), "text");
  EXPECT_EQ(v->index(), 1U);
  const auto pair = s.proxy(std::pair(1, std::string("one")));
  const auto& [number, name] = *pair;
  EXPECT_EQ(number + static_cast<int>(name.size()), 4);
  const auto [n, text] = *received(pair);  // of a proxy about to die: a pair of one's own
  EXPECT_EQ(text, "one");
  EXPECT_EQ(n, 1);
  EXPECT_EQ(pair->second, "one");
  const proxy<std::tuple<double, double>> two{
      factory<std::tuple<double, double>>([] { return std::tuple(3.0, 4.0); })};
  EXPECT_EQ(std::apply([](double a, double b) { return std::hypot(a, b); }, *two), 5);
}

TEST_F(interop_calls, a_template_that_takes_anything_takes_the_proxy) {
  EXPECT_TRUE(takes_itself(p));
  EXPECT_FALSE(takes_itself(*p));
  EXPECT_TRUE(takes_itself(std::optional(p).value()));
}

TEST_F(interop_calls, scalars) {
  const auto x = s.proxy(2.25);
  EXPECT_EQ(std::sqrt(x), 1.5);
  EXPECT_EQ(half(x), 1.125);
  EXPECT_EQ(std::pow(x, 2), 5.0625);
  EXPECT_EQ(std::max(1.0, static_cast<double>(x)), 2.25);
  EXPECT_EQ(std::max<double>(1.0, x), 2.25);
  EXPECT_EQ(x > 2 ? 1 : 0, 1);
  double sum = 1;
  sum += x;
  EXPECT_EQ(sum, 3.25);
  const auto i = s.proxy(std::size_t{2});
  EXPECT_EQ(p[i], 3) << "an index, as a number is";
  EXPECT_EQ((doubles{1, 2, 3})[i], 3);
  switch (s.proxy(7)) {
    case 7: break;
    default: ADD_FAILURE();
  }
  EXPECT_EQ(static_cast<int>(x), 2);
  const int rounded = s.proxy(5);
  EXPECT_EQ(rounded, 5);
  const auto z = s.proxy(std::complex<double>(3, 4));
  EXPECT_EQ(std::abs(*z), 5) << "std::abs deduces";
  EXPECT_EQ(z * 2.0, std::complex<double>(6, 8));
  EXPECT_EQ(z->imag(), 4);
}

TEST_F(interop_calls, strings) {
  const auto text = s.proxy(std::string("farhold"));
  EXPECT_EQ(text->substr(3), "hold");
  EXPECT_EQ("lib" + text + '!', "libfarhold!");
  EXPECT_EQ(text.size(), 7U);
  EXPECT_EQ(text[0], 'f');
  EXPECT_TRUE(text == "farhold" && text < "g");
  EXPECT_EQ(std::stoi(s.proxy(std::string("42"))), 42);
  std::string assigned;
  assigned = text;
  assigned += text;
  assigned.append(text);
  EXPECT_EQ(assigned, "farholdfarholdfarhold");
  EXPECT_EQ(std::string(text), "farhold");
}

TEST_F(interop_calls, classes_and_what_can_only_be_moved) {
  const auto one = s.proxy(particle{2, {1, 2, 0}});
  EXPECT_EQ(one->energy(), 5);
  EXPECT_EQ((*one).mass, 2);
  EXPECT_EQ(received(one)->energy(), 5);
  const auto many = s.proxy(std::vector<particle>(3, *one));
  EXPECT_EQ(many[2].energy(), 5);

  auto m = s.proxy(only_moved(7));
  EXPECT_EQ(look_at(m), 7);
  const auto copy = m;
  EXPECT_EQ(&*copy, &*m);
  EXPECT_TRUE(test::fails(errc::unsupported, [&] { return std::move(m).extract(); }));
  const only_moved mine = *received(copy);
  EXPECT_EQ(mine.value, 7);
  static_assert(!std::is_convertible_v<proxy<only_moved>, only_moved>);
}

TEST_F(interop_calls, optional_pair_variant_and_smart_pointers_of_proxies) {
  std::optional<proxy<doubles>> maybe;
  EXPECT_FALSE(maybe.has_value());
  maybe = p;
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(mean(*maybe), 3);
  EXPECT_EQ((*maybe)->size(), 4U);
  EXPECT_TRUE(maybe == p);
  const auto shared = std::make_shared<const proxy<doubles>>(p);
  EXPECT_EQ(mean(*shared), 3);
  const std::variant<int, proxy<doubles>> either = p;
  EXPECT_EQ(mean(std::get<1>(either)), 3);
  const auto [name, field] = std::pair("field", p);
  EXPECT_EQ(mean(field), 3);
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(interop_calls, optional_of_the_target_is_filled_by_conversion) {
  const std::optional<doubles> filled = static_cast<const doubles&>(p);
  EXPECT_EQ(filled->size(), 4U);
  std::optional<doubles> assigned;
  assigned = p;
  EXPECT_EQ(assigned->size(), 4U);
  std::vector<doubles> rows;
  rows.push_back(p);
  rows.emplace_back(p);
  EXPECT_EQ(rows[0], rows[1]);
}

}  // namespace
}  // namespace farhold
