// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/store.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using namespace std::chrono_literals;
using test::fails;
using doubles = std::vector<double>;
using bytes = std::vector<std::byte>;

struct stores : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"stores", test::watched(watch, "test://here")};
};

TEST_F(stores, put_and_get) {
  const key k = s.put(doubles{1, 2, 3});
  EXPECT_EQ(k.size_bytes(), 24U);
  EXPECT_EQ(s.get<doubles>(k), (doubles{1, 2, 3}));
  EXPECT_EQ(s.get<doubles>(k), (doubles{1, 2, 3})) << "a get takes nothing away";
  const key empty = s.put(doubles());
  EXPECT_FALSE(empty.empty()) << "an object of no bytes is an object";
  EXPECT_EQ(s.get<doubles>(empty), doubles());
  EXPECT_NE(s.put(doubles{1, 2, 3}), k) << "each put is an object of its own";
  EXPECT_EQ(s.name(), "stores");
}

TEST_F(stores, exists_and_evict) {
  const key k = s.put(1);
  EXPECT_TRUE(s.exists(k));
  s.evict(k);
  EXPECT_FALSE(s.exists(k));
  EXPECT_TRUE(
      fails(errc::stale, [&] { return s.get<int>(k); }, {"'stores'", k.to_string(), "it was evicted"}));
  EXPECT_TRUE(fails(errc::stale, [&] {
    s.evict(k);
    return 0;
  }));
  const std::uint64_t number = 4711;
  const key never(k.type(), 4, std::as_bytes(std::span(&number, 1)));
  EXPECT_FALSE(s.exists(never));
  EXPECT_TRUE(fails(errc::not_found, [&] { return s.get<int>(never); }, {"no such object was put"}));
  EXPECT_TRUE(fails(errc::not_found, [&] {
    s.evict(never);
    return 0;
  }));
}

TEST_F(stores, key_of_another_kind_names_nothing) {
  s.put(1);
  const key foreign(detail::type_of<int>(), 4, bytes(32, std::byte{0xEE}));
  EXPECT_FALSE(s.exists(foreign));
  EXPECT_TRUE(fails(errc::not_found, [&] { return s.get<int>(foreign); }));
  EXPECT_FALSE(s.exists(key()));
  EXPECT_TRUE(
      fails(errc::not_found, [&] { return s.get<int>(key(detail::type_of<int>(), 4, {})); }, {"inline"}));
}

TEST_F(stores, proxy_of_a_key) {
  const key k = s.put(doubles{4, 5});
  const auto p = s.proxy_from_key<doubles>(k);
  EXPECT_EQ(p.key(), k);
  EXPECT_EQ(watch->gets, 0);
  EXPECT_EQ(p, (doubles{4, 5}));
}

TEST_F(stores, proxy_takes_the_type_of_its_object) {
  doubles values(200, 1.0);
  const doubles& reference = values;
  static_assert(std::is_same_v<decltype(s.proxy(reference)), proxy<doubles>>);
  static_assert(std::is_same_v<decltype(s.proxy(doubles())), proxy<doubles>>);
  static_assert(std::is_same_v<decltype(s.proxy(1)), proxy<int>>);
  const auto p = s.proxy(std::move(values));
  EXPECT_EQ(p.size(), 200U);
}

// Up to the limit inside the proxy, above it in the store.
void expect_inline_up_to(std::size_t limit) {
  const auto watch = std::make_shared<test::watch>();
  store s("limit", test::watched(watch), {.inline_bytes = limit});
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1023}, std::size_t{1024}, std::size_t{1025}}) {
    const bytes object(size, std::byte{0x5A});
    const int before = watch->published;
    const auto p = s.proxy(object);
    const bool inlined = size <= limit && limit > 0;
    EXPECT_EQ(watch->published - before, inlined ? 0 : 1) << size << " of " << limit;
    EXPECT_EQ(p.key().empty(), inlined);
    EXPECT_EQ(p.size_bytes(), size);
    EXPECT_EQ(proxy<bytes>::from_string(p.to_string()), object);
    EXPECT_EQ(p, object);
  }
}
TEST(inline_objects, none) { expect_inline_up_to(0); }
TEST(inline_objects, up_to_1) { expect_inline_up_to(1); }
TEST(inline_objects, up_to_1023) { expect_inline_up_to(1023); }
TEST(inline_objects, up_to_1024) { expect_inline_up_to(1024); }
TEST(inline_objects, up_to_1025) { expect_inline_up_to(1025); }
TEST(inline_objects, default_is_1024) { EXPECT_EQ(store_options().inline_bytes, 1024U); }

TEST_F(stores, inline_objects_are_values) {
  const auto p = s.proxy(7);
  EXPECT_EQ(watch->reserved, 0);
  EXPECT_TRUE(fails(errc::unsupported,
                    [&] {
                      s.evict(p.key());
                      return 0;
                    },
                    {"inline object is a value", "cannot be evicted", "inline_bytes = 0"}));
  EXPECT_FALSE(s.exists(p.key()));
  EXPECT_EQ(p, 7);
  EXPECT_EQ(s.metrics().on(path::inlined).resolves, 1U);
  EXPECT_EQ(s.metrics().on(path::inlined).bytes, 4U);
}

TEST(inline_objects, outlive_their_store) {
  proxy<std::string> p;
  {
    store s("short", local::connector());
    p = proxy<std::string>::from_bytes(s.proxy(std::string("value")).to_bytes());
  }
  EXPECT_EQ(p, "value");
}

TEST_F(stores, refuse_everything_after_close) {
  const key k = s.put(doubles(200, 1.0));
  const auto resolved = s.proxy_from_key<doubles>(k);
  const auto unresolved = s.proxy_from_key<doubles>(k);
  resolved.resolve();
  s.close();
  EXPECT_EQ(watch->closed, 1);
  const auto closed = [&](auto call) {
    return fails(errc::closed, call, {"store 'stores'", "it was closed"});
  };
  EXPECT_TRUE(closed([&] { return s.put(1); }));
  EXPECT_TRUE(closed([&] { return s.get<doubles>(k); }));
  EXPECT_TRUE(closed([&] { return s.exists(k); }));
  EXPECT_TRUE(closed([&] {
    s.evict(k);
    return 0;
  }));
  EXPECT_TRUE(closed([&] { return s.proxy(doubles(200)); }));
  EXPECT_TRUE(closed([&] {
    s.close();
    return 0;
  }));
  EXPECT_EQ(watch->closed, 1);
  EXPECT_EQ(resolved.size(), 200U);
  // A proxy finds its store by name, and a store of that name may be opened again.
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return unresolved.resolve(); },
                    {"'stores'", "open it", "'test://here'"}));
  EXPECT_EQ(s.metrics().published, 1U) << "counters can still be read";
}

TEST(store, close_gives_the_name_back) {
  store first("name", local::connector());
  first.close();
  store second("name", local::connector());
  EXPECT_EQ(second.get<int>(second.put(1)), 1);
}

TEST(store, forgotten_close_is_not_made_up_for) {  // it may be collective, and a destructor is not the place
  const auto watch = std::make_shared<test::watch>();
  { store s("forgotten", test::watched(watch)); }
  EXPECT_EQ(watch->closed, 0);
  EXPECT_EQ(registry::global().find("forgotten"), nullptr);
}

TEST(store, options_are_checked) {
  for (const auto timeout : {0ns, -1ns, std::chrono::nanoseconds::min()}) {
    EXPECT_TRUE(fails(errc::invalid_argument,
                      [&] { return store("bad", local::connector(), {.timeout = timeout}); },
                      {"'bad'", "timeout must be above zero"}));
  }
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return store("bad", nullptr); }, {"'bad'", "no connector"}));
  EXPECT_EQ(registry::global().find("bad"), nullptr) << "what failed to open is not open";
  EXPECT_NO_THROW(store("good", local::connector(), {.timeout = 1ns}));
}

TEST(store, timeouts_reach_the_connector) {
  const auto watch = std::make_shared<test::watch>();
  store s("patient", test::watched(watch), {.timeout = 7s});
  const key k = s.put(1);
  EXPECT_EQ(watch->last_timeout_ns, std::chrono::nanoseconds(7s).count());
  EXPECT_EQ(s.get<int>(k, {.timeout = 2s}), 1);
  EXPECT_EQ(watch->last_timeout_ns, std::chrono::nanoseconds(2s).count());
  EXPECT_EQ(store_options().timeout, 30s);
}

TEST_F(stores, errors_name_store_object_and_cure) {
  const key k = s.put(doubles(3));
  watch->get_error = errc::timeout;
  watch->failing_gets = 1;
  EXPECT_TRUE(fails(errc::timeout, [&] { return s.get<doubles>(k); },
                    {"store 'stores'", "cannot read object", "24 bytes, a range of f64",
                     "get as told (native code 42)", "producer may be stopped"}));
  const metrics m = s.metrics();
  EXPECT_EQ(m.failed_resolves, 1U);
  EXPECT_EQ(m.timeouts, 1U);
  EXPECT_EQ(s.get<doubles>(k).size(), 3U);
}

TEST_F(stores, that_are_full_say_how_large_the_object_was_and_stay_as_they_were) {
  watch->reserve_error = errc::out_of_memory;
  EXPECT_TRUE(
      fails(errc::out_of_memory, [&] { return s.put(doubles(125)); },
            {"store an object of 1000 bytes", "reserve as told", "evict objects, or make the store larger"}));
  EXPECT_EQ(watch->abandoned, 0) << "there was nothing to abandon";
  watch->reserve_error = errc::ok;
  EXPECT_EQ(s.get<int>(s.put(1)), 1);
}

TEST_F(stores, count_what_they_publish) {
  s.put(doubles(10));
  s.put(1);
  const auto p = s.proxy(2);  // inline: nothing is published
  const metrics m = s.metrics();
  EXPECT_EQ(m.published, 2U);
  EXPECT_EQ(m.published_bytes, 84U);
  EXPECT_EQ(m.evicted, 0U);
}

TEST(store, may_only_be_moved) {
  static_assert(!std::is_copy_constructible_v<store> && std::is_nothrow_move_constructible_v<store> &&
                std::is_nothrow_move_assignable_v<store>);
  store a("a", local::connector());
  const key k = a.put(3);
  store b = std::move(a);
  EXPECT_EQ(b.get<int>(k), 3);
  store& itself = b;
  b = std::move(itself);
  EXPECT_EQ(b.get<int>(k), 3);
}

}  // namespace
}  // namespace farhold
