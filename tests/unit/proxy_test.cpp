// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/proxy.hpp>

#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace {  // somebody's code, which knows nothing of farhold

using doubles = std::vector<double>;

double mean(const doubles& xs) {
  return std::accumulate(xs.begin(), xs.end(), 0.0) / static_cast<double>(xs.size());
}
double by_value(doubles xs) { return mean(xs); }
std::string shout(const std::string& text) { return text + "!"; }

struct run {
  std::string title;
  farhold::proxy<doubles> field;
};

struct thing {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};

struct list {  // a proxy as a member of the type it stands for
  int value = 0;
  farhold::proxy<list> next;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value& next;
  }
};

}  // namespace

namespace farhold {
namespace {

using test::fails;

struct proxies : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"proxies", test::watched(watch), {.inline_bytes = 0}};
  proxy<doubles> p = s.proxy(doubles{1, 2, 3, 6});

  [[nodiscard]] proxy<doubles> recv() const { return proxy<doubles>::from_bytes(p.to_bytes()); }
};

TEST_F(proxies, go_where_a_reference_to_const_goes) {
  EXPECT_EQ(mean(p), 3);
  EXPECT_EQ(mean(recv()), 3);
  EXPECT_EQ(by_value(p), 3);
  EXPECT_EQ(shout(s.proxy(std::string("hello"))), "hello!");
  EXPECT_EQ(std::async(mean, p).get(), 3);
  EXPECT_EQ(std::async(std::launch::async, mean, recv()).get(), 3);
  const std::function<double(const doubles&)> function = mean;
  EXPECT_EQ(function(p), 3);
  EXPECT_EQ(std::invoke(&doubles::size, *p), 4U);
  static_assert(std::is_convertible_v<proxy<doubles>, const doubles&>);
  static_assert(std::is_invocable_r_v<double, decltype(mean), proxy<doubles>>);
  static_assert(
      !noexcept(static_cast<const doubles&>(std::declval<proxy<doubles>&>())));  // a transfer may fail
}

TEST_F(proxies, are_pointers_in_size_and_copy_without_resolving) {
  static_assert(sizeof(proxy<doubles>) == sizeof(void*));
  static_assert(std::is_nothrow_move_constructible_v<proxy<doubles>> &&
                std::is_nothrow_move_assignable_v<proxy<doubles>>);
  const proxy<doubles> copy = p;
  proxy<doubles> assigned;
  assigned = copy;
  std::vector<proxy<doubles>> many(10, p);
  EXPECT_FALSE(p.resolved() || copy.resolved() || assigned.resolved() || many[9].resolved());
  EXPECT_EQ(watch->gets, 0);
  EXPECT_EQ(many[3].size(), 4U);
  EXPECT_TRUE(p.resolved() && copy.resolved() && assigned.resolved()) << "copies share the target";
  EXPECT_EQ(&*p, &*copy);
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(proxies, transfer_once) {
  EXPECT_FALSE(p.resolved());
  const doubles& first = p.resolve();
  EXPECT_TRUE(p.resolved());
  EXPECT_EQ(&p.resolve(), &first);
  EXPECT_EQ(&*p, &first);
  EXPECT_EQ(p.operator->(), &first);
  EXPECT_EQ(&static_cast<const doubles&>(p), &first);
  EXPECT_EQ(p->front(), 1);
  EXPECT_EQ(watch->gets, 1);
  EXPECT_EQ(s.metrics().on(path::local).resolves, 1U);
  EXPECT_EQ(s.metrics().on(path::local).bytes, 4 * sizeof(double));
  const auto other = recv();  // not a copy: it has a target of its own
  EXPECT_NE(&*other, &first);
  EXPECT_EQ(watch->gets, 2);
}

TEST_F(proxies, say_size_key_and_type_without_resolving) {
  EXPECT_EQ(p.size_bytes(), 4 * sizeof(double));
  EXPECT_EQ(p.type(), detail::type_of<doubles>());
  EXPECT_EQ(s.get<doubles>(p.key()), (doubles{1, 2, 3, 6}));
  EXPECT_FALSE(p.resolved());
}

TEST_F(proxies, live_as_long_as_a_copy) {
  const doubles* target = nullptr;
  proxy<doubles> last;
  {
    const auto q = recv();
    last = q;
    target = &*q;
  }
  EXPECT_EQ(&*last, target);
  EXPECT_EQ(last->at(3), 6);
}

TEST_F(proxies, that_failed_try_again) {
  watch->get_error = errc::unreachable;
  watch->failing_gets = 2;
  const auto copy = p;
  EXPECT_TRUE(fails(errc::unreachable, [&] { return mean(p); },
                    {"store 'proxies'", "cannot read object " + p.key().to_string(), "32 bytes",
                     "a range of f64", "get as told", "native code 42", "check the network"}));
  EXPECT_FALSE(p.resolved());
  EXPECT_TRUE(fails(errc::unreachable, [&] { return mean(copy); }));
  EXPECT_EQ(mean(p), 3);
  EXPECT_EQ(watch->gets, 3);
  EXPECT_EQ(s.metrics().failed_resolves, 2U);
}

TEST_F(proxies, that_are_stale_stay_stale_and_say_so) {
  const auto resolved = recv();
  EXPECT_EQ(mean(resolved), 3);
  s.evict(p.key());
  EXPECT_TRUE(
      fails(errc::stale, [&] { return p.resolve(); }, {"'proxies'", "it was evicted", "ask its producer"}));
  EXPECT_TRUE(fails(errc::stale, [&] { return p->size(); }));
  EXPECT_EQ(mean(resolved), 3) << "a target that is here stays";
  EXPECT_EQ(s.metrics().observed_stale, 2U);
}

TEST_F(proxies, pass_deadlines_on) {
  using namespace std::chrono_literals;
  p.resolve({.timeout = 5s});
  EXPECT_EQ(watch->last_timeout_ns, std::chrono::nanoseconds(5s).count());
  recv().resolve();
  EXPECT_EQ(watch->last_timeout_ns, std::chrono::nanoseconds(30s).count()) << "the store's own";
}

TEST(empty_proxy, may_be_handled_and_not_used) {
  proxy<doubles> none;
  EXPECT_FALSE(none.valid());
  EXPECT_FALSE(none.resolved());
  const proxy<doubles> copy = none;
  none = copy;
  swap(none, none);
  for (const auto& use : std::initializer_list<std::function<void()>>{
           [&] { none.resolve(); }, [&] { static_cast<void>(*none); },
           [&] { static_cast<void>(none->size()); }, [&] { mean(none); },
           [&] { static_cast<void>(none.size()); }, [&] { static_cast<void>(none.key()); },
           [&] { static_cast<void>(none.to_bytes()); }, [&] { static_cast<void>(none.to_string()); },
           [&] { static_cast<void>(std::move(none).extract()); }}) {
    EXPECT_TRUE(fails(errc::invalid_argument,
                      [&] {
                        use();
                        return 0;
                      },
                      {"empty", "default-constructed or moved from"}));
  }
}

TEST_F(proxies, moved_from_are_empty) {
  proxy<doubles> taken = std::move(p);
  EXPECT_FALSE(p.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return mean(p); }));
  EXPECT_EQ(mean(taken), 3);
  p = std::move(taken);
  EXPECT_EQ(mean(p), 3);
  proxy<doubles> other;
  swap(p, other);
  EXPECT_FALSE(p.valid());
  EXPECT_TRUE(other.valid());
}

TEST(factory_of_a_callable, makes_the_target_once) {
  int calls = 0;
  const proxy<int> p{factory<int>([&calls] { return ++calls; })};
  const auto copy = p;
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(p + 0, 1);
  EXPECT_EQ(copy + 0, 1);
  EXPECT_EQ(calls, 1);
}

TEST(factory_of_a_callable, cannot_travel) {
  const proxy<int> p{factory<int>([] { return 1; })};
  for (const auto& use : std::initializer_list<std::function<void()>>{
           [&] { static_cast<void>(p.to_bytes()); }, [&] { static_cast<void>(p.to_string()); },
           [&] { static_cast<void>(p.key()); }, [&] { static_cast<void>(p.size_bytes()); }}) {
    EXPECT_TRUE(fails(errc::unsupported,
                      [&] {
                        use();
                        return 0;
                      },
                      {"plain function", "store.proxy()"}));
  }
}

TEST(factory_of_a_callable, that_throws_is_called_again) {
  int calls = 0;
  const proxy<int> p{factory<int>([&calls]() -> int {
    if (++calls == 1) throw std::runtime_error("not yet");
    return 5;
  })};
  EXPECT_THROW(p.resolve(), std::runtime_error);
  EXPECT_FALSE(p.resolved());
  EXPECT_EQ(*p, 5);
  EXPECT_EQ(calls, 2);
}

TEST(factory_of_a_callable, may_return_what_can_only_be_moved) {
  const proxy<std::unique_ptr<int>> p{factory<std::unique_ptr<int>>([] { return std::make_unique<int>(3); })};
  EXPECT_EQ(**p, 3);
  EXPECT_TRUE(p != nullptr);
}

TEST_F(proxies, are_members_of_structs) {
  const run r = {"wing", p};
  const run copy = r;
  EXPECT_FALSE(copy.field.resolved());
  EXPECT_EQ(mean(r.field), 3);
  EXPECT_TRUE(copy.field.resolved());
}

TEST_F(proxies, are_stored_inside_objects_and_stay_unresolved_there) {
  list tail{.value = 2, .next = {}};
  list head{.value = 1, .next = s.proxy(tail)};
  const auto q = s.proxy(head);
  EXPECT_EQ(q->value, 1);
  EXPECT_FALSE(q->next.resolved());
  EXPECT_EQ(q->next->value, 2);
  EXPECT_FALSE(q->next->next.valid());

  const auto of_many = s.proxy(std::vector<proxy<doubles>>{p, p, {}});
  ASSERT_EQ(of_many.size(), 3U);
  EXPECT_FALSE(of_many[0].resolved());
  EXPECT_EQ(mean(of_many[0]), 3);
  EXPECT_FALSE(of_many[2].valid());
}

TEST_F(proxies, extract_moves_when_nobody_else_looks) {
  auto q = recv();
  const double* const elements = q.data();
  const doubles mine = std::move(q).extract();
  EXPECT_EQ(mine.data(), elements) << "it was copied";
  EXPECT_FALSE(q.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(recv().extract(), mine);
}

TEST_F(proxies, extract_copies_what_is_shared) {
  auto q = recv();
  const auto other = q;
  const doubles mine = std::move(q).extract();
  EXPECT_EQ(mine, *other);
  EXPECT_NE(mine.data(), other.data());
  EXPECT_FALSE(q.valid());  // NOLINT(bugprone-use-after-move)
}

TEST(extract, copies_what_is_cached) {
  store s("cached", local::connector(), {.inline_bytes = 0, .cache_bytes = 1000});
  const auto object = s.put(doubles{1, 2});
  auto p = s.proxy_from_key<doubles>(object);
  const double* const elements = p.data();
  EXPECT_NE(std::move(p).extract().data(), elements);
  EXPECT_EQ(s.get<doubles>(object), (doubles{1, 2}));
}

TEST(extract, refuses_what_is_shared_and_cannot_be_copied) {
  using owner = std::unique_ptr<thing>;
  store s("owners", local::connector());
  auto p = s.proxy(std::make_unique<thing>(thing{7}));
  auto other = p;
  EXPECT_TRUE(
      fails(errc::unsupported, [&] { return std::move(p).extract(); }, {"shared", "cannot be copied"}));
  EXPECT_TRUE(p.valid()) << "as it was";
  other = {};
  const owner mine = std::move(p).extract();
  EXPECT_EQ(mine->value, 7);

  // A vector claims to be copyable whatever its elements are.
  std::vector<owner> owners;
  owners.push_back(std::make_unique<thing>(thing{8}));
  auto q = s.proxy(owners);
  auto second = q;
  EXPECT_TRUE(fails(errc::unsupported, [&] { return std::move(q).extract(); }));
  second = {};
  EXPECT_EQ(std::move(q).extract().at(0)->value, 8);
}

TEST_F(proxies, extract_that_fails_leaves_the_proxy) {
  watch->get_error = errc::timeout;
  watch->failing_gets = 1;
  EXPECT_TRUE(fails(errc::timeout, [&] { return std::move(p).extract(); }));
  EXPECT_EQ(mean(p), 3);  // NOLINT(bugprone-use-after-move)
}

TEST_F(proxies, about_to_die_give_the_object_away) {
  double sum = 0;
  for (const double x : *recv()) sum += x;
  for (const double x : recv()) sum += x;
  EXPECT_EQ(sum, 24);
  static_assert(std::is_same_v<decltype(*recv()), doubles>);
  static_assert(std::is_same_v<decltype(*p), const doubles&>);
  static_assert(std::is_same_v<decltype(*std::declval<const proxy<doubles>>()), doubles>);
  auto&& kept = *recv();
  EXPECT_EQ(mean(kept), 3);
  const std::unique_ptr<thing> owner = *s.proxy(std::make_unique<thing>(thing{9}));
  EXPECT_EQ(owner->value, 9);
}

TEST_F(proxies, print_without_resolving) {
  EXPECT_EQ(describe(p), "proxy<std::vector<double>>(unresolved, 32 bytes)");
  EXPECT_EQ(testing::PrintToString(p), describe(p));
  EXPECT_EQ(testing::PrintToString(std::vector<proxy<doubles>>{p}), "{ " + describe(p) + " }");
  EXPECT_FALSE(p.resolved());
  p.resolve();
  EXPECT_EQ(testing::PrintToString(p), "proxy<std::vector<double>>(resolved, 32 bytes)");
  EXPECT_EQ(describe(proxy<int>()), "proxy<int>(empty)");
  const proxy<int> called{factory<int>([] { return 1; })};  // a printer that takes numbers would resolve it
  EXPECT_EQ(testing::PrintToString(called), "proxy<int>(unresolved)");
  const auto text = s.proxy(std::string(40, 'x'));
  testing::PrintToString(text);
  EXPECT_FALSE(text.resolved() || called.resolved());
}

TEST_F(proxies, of_a_bool_is_a_bool) {
  const auto yes = s.proxy(true), no = s.proxy(false);
  EXPECT_TRUE(yes);
  EXPECT_FALSE(no);
  EXPECT_TRUE(!no);
}

}  // namespace
}  // namespace farhold
