// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

struct thing {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};

struct cache : testing::Test {
  static constexpr std::size_t object_bytes = 100 * sizeof(double);

  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"cache", test::watched(watch), {.inline_bytes = 0, .cache_bytes = 3 * object_bytes}};

  key put(double value) { return s.put(doubles(100, value)); }
  /// Where the target is: a number, because the proxy is gone, and the compiler knows that a pointer would
  /// dangle.
  std::uintptr_t resolve(const key& k) {
    const auto p = s.proxy_from_key<doubles>(k);
    std::uintptr_t address = 0;
    address = reinterpret_cast<std::uintptr_t>(&*p);
    return address;
  }
  /// Whether a resolve of it needs no transfer. Makes it the most recent one.
  bool hits(const key& k) {
    const int before = watch->gets;
    s.proxy_from_key<doubles>(k).resolve();
    return watch->gets == before;
  }
};

TEST_F(cache, is_off_unless_asked_for) {
  EXPECT_EQ(store_options().cache_bytes, 0U);
  store other("other", test::watched(watch), {.inline_bytes = 0});
  const key k = other.put(doubles(10));
  static_cast<void>(other.get<doubles>(k));
  static_cast<void>(other.get<doubles>(k));
  EXPECT_EQ(watch->gets, 2);
}

TEST_F(cache, gives_later_proxies_the_same_target) {
  const key k = put(1);
  const auto p = s.proxy_from_key<doubles>(k);
  const auto q = proxy<doubles>::from_bytes(p.to_bytes());
  EXPECT_EQ(&*p, &*q);
  EXPECT_EQ(watch->gets, 1);
  EXPECT_EQ(s.get<doubles>(k), doubles(100, 1));
  EXPECT_EQ(watch->gets, 1);
  const metrics m = s.metrics();
  EXPECT_EQ(m.on(path::local).resolves, 1U);
  EXPECT_EQ(m.on(path::cached).resolves, 2U);
  EXPECT_EQ(m.on(path::cached).bytes, 2 * object_bytes);
}

TEST_F(cache, drops_the_least_recently_used) {
  const key a = put(1), b = put(2), c = put(3), d = put(4);
  EXPECT_FALSE(hits(a) || hits(b) || hits(c));
  EXPECT_TRUE(hits(a));   // now b is the oldest
  EXPECT_FALSE(hits(d));  // and goes
  EXPECT_TRUE(hits(c) && hits(a) && hits(d));
  EXPECT_FALSE(hits(b));
}

TEST_F(cache, is_bounded_by_bytes) {
  const key small = s.put(doubles(1)), a = put(1), b = put(2), c = put(3);
  EXPECT_FALSE(hits(a) || hits(b) || hits(c));
  EXPECT_FALSE(hits(small)) << "eight bytes more than there is room for";
  EXPECT_FALSE(hits(a)) << "so that the oldest went";
  const key huge = s.put(doubles(301));
  const int before = watch->gets;
  EXPECT_EQ(s.get<doubles>(huge).size(), 301U);
  EXPECT_EQ(s.get<doubles>(huge).size(), 301U);
  EXPECT_EQ(watch->gets, before + 2) << "larger than the cache";
  EXPECT_TRUE(hits(a) && hits(small)) << "and it made no room for itself";
  const key whole = s.put(doubles(300));
  EXPECT_FALSE(hits(whole));
  EXPECT_TRUE(hits(whole)) << "just fits";
}

TEST_F(cache, targets_stay_valid_after_evict) {
  const key k = put(5);
  const std::uintptr_t target = resolve(k);
  s.evict(k);
  EXPECT_FALSE(s.exists(k));
  EXPECT_EQ(resolve(k), target) << "cached targets stay valid";
  EXPECT_EQ(s.get<doubles>(k), doubles(100, 5));
  const key other = put(6);
  s.evict(other);
  EXPECT_TRUE(fails(errc::stale, [&] { return s.get<doubles>(other); })) << "what was never here is stale";
}

TEST_F(cache, targets_in_use_outlive_it) {
  const auto p = s.proxy_from_key<doubles>(put(7));
  p.resolve();
  for (int i = 0; i < 10; ++i) resolve(put(i));
  EXPECT_EQ(p, doubles(100, 7));
  s.close();
  EXPECT_EQ(p, doubles(100, 7));
}

TEST_F(cache, tells_types_of_one_object_apart) {
  const key k = put(8);
  EXPECT_EQ(s.get<doubles>(k).size(), 100U);
  EXPECT_EQ(s.get<std::pmr::vector<double>>(k).size(), 100U);
  EXPECT_EQ(watch->gets, 2);
  EXPECT_TRUE(hits(k));
}

TEST_F(cache, keeps_no_failures) {
  const key k = put(9);
  watch->get_error = errc::unreachable;
  watch->failing_gets = 1;
  EXPECT_TRUE(fails(errc::unreachable, [&] { return resolve(k); }));
  EXPECT_FALSE(hits(k));
  EXPECT_TRUE(hits(k));
}

TEST_F(cache, shares_what_can_only_be_moved) {
  using owner = std::unique_ptr<thing>;
  const key k = s.put(std::make_unique<thing>(thing{3}));
  EXPECT_EQ(s.proxy_from_key<owner>(k)->get()->value, 3);
  EXPECT_TRUE(fails(errc::unsupported, [&] { return s.get<owner>(k); }, {"cannot be copied", "use a proxy"}));
  EXPECT_EQ(s.proxy_from_key<owner>(k)->get()->value, 3);
}

}  // namespace
}  // namespace farhold
