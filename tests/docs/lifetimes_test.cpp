// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

// The snippets of docs/lifetimes.md, which tests/docs/quotes.sh compares with this file, and its claims.

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

struct lifetimes : testing::Test {
  store s{"lifetimes", local::connector(), {.inline_bytes = 0}};
  proxy<doubles> p = s.proxy(doubles{1, 2, 3});

  [[nodiscard]] proxy<doubles> recv() const { return proxy<doubles>::from_string(p.to_string()); }
};

TEST_F(lifetimes, of_targets) {
  const doubles* target = &*p;
  proxy<doubles> copy = p;
  p = {};  // the copy holds the target
  EXPECT_EQ(&*copy, target);
  const auto other = proxy<doubles>::from_string(copy.to_string());
  EXPECT_NE(&*other, target);  // what travelled is no copy: it resolves to a target of its own
}

TEST_F(lifetimes, of_references) {
  const auto q = recv();
  const doubles& xs = q;           // good while q or a copy of it lives
  const doubles& own = *recv();    // a vector by value, which the reference keeps alive
  const double first = recv()[0];  // by value
  EXPECT_EQ(xs[1] + own[2] + first, 6);
}

TEST_F(lifetimes, of_what_is_extracted) {
  auto q = recv();
  const double* elements = q.data();
  const doubles mine = std::move(q).extract();  // moved out: nobody else holds the target
  EXPECT_EQ(mine.data(), elements);
  EXPECT_FALSE(q.valid());  // NOLINT(bugprone-use-after-move)
}

TEST_F(lifetimes, references_into_an_extracted_target_end_with_the_value) {
  auto q = recv();
  const auto other = q;
  const doubles& xs = other;
  const doubles mine = std::move(q).extract();
  EXPECT_NE(mine.data(), xs.data()) << "shared, so it was copied, and the reference stays good";
}

TEST_F(lifetimes, dropping_proxies_ends_no_object) {
  const key k = p.key();
  p = {};
  EXPECT_TRUE(s.exists(k));  // the object stays until it is evicted, or its store is closed
  EXPECT_EQ(s.get<doubles>(k).size(), 3U);
}

TEST_F(lifetimes, of_objects_that_end_with_their_last_read) {
  const auto twice = s.proxy(doubles(1000, 0.5), {.lifetime = farhold::evict_after(2)});
  EXPECT_EQ(s.get<doubles>(twice.key()).size(), 1000U);
  EXPECT_EQ(s.get<doubles>(twice.key()).size(), 1000U);
  EXPECT_TRUE(fails(errc::stale, [&] { return s.get<doubles>(twice.key()); }));
}

TEST_F(lifetimes, of_evicted_objects) {
  const auto resolved = recv();
  resolved.resolve();
  const auto unresolved = recv();
  s.evict(p.key());
  EXPECT_EQ(resolved[2], 3);  // a target that is here stays
  EXPECT_TRUE(fails(errc::stale, [&] { return unresolved.size(); }));
  EXPECT_TRUE(fails(errc::stale, [&] {
    s.evict(p.key());
    return 0;
  }));
}

TEST(lifetimes_cache, serves_evicted_objects_that_it_holds) {
  store s("cached", local::connector(), {.inline_bytes = 0, .cache_bytes = 1000});
  const auto p = s.proxy(doubles{1, 2, 3});
  p.resolve();
  s.evict(p.key());
  EXPECT_EQ(s.get<doubles>(p.key()).size(), 3U);
}

TEST(lifetimes_inline, objects_are_values) {
  std::optional<store> s(std::in_place, "inline", local::connector());
  const auto small = s->proxy(std::string("hello"));  // up to 1 KiB: inside the proxy
  EXPECT_TRUE(fails(errc::unsupported,
                    [&] {
                      s->evict(small.key());
                      return 0;
                    },
                    {"inline_bytes = 0"}));
  s.reset();
  EXPECT_EQ(*small, "hello");  // needs no store
}

TEST(lifetimes_store, resolved_proxies_outlive_it_and_others_wait_for_the_next) {
  auto first = std::make_unique<store>("fields", local::connector(), store_options{.inline_bytes = 0});
  const auto resolved = first->proxy(doubles{1}), unresolved = first->proxy(doubles{2});
  resolved.resolve();
  first->close();
  EXPECT_TRUE(fails(errc::closed, [&] { return first->put(1); }));
  EXPECT_EQ(resolved[0], 1);
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return unresolved.size(); }));
  const store second("fields", local::connector(), {.inline_bytes = 0});
  EXPECT_TRUE(fails(errc::producer_lost, [&] { return unresolved.size(); })) << "its objects are others";
}

TEST(lifetimes_store, proxies_find_a_moved_store) {
  store first("fields", local::connector(), {.inline_bytes = 0});
  const auto p = first.proxy(doubles{1});
  const store moved = std::move(first);
  EXPECT_EQ(p[0], 1);
}

TEST_F(lifetimes, keys_are_values) {
  const key k = p.key();
  const auto again = s.proxy_from_key<doubles>(k);
  EXPECT_EQ(again.size(), 3U);
  s.evict(k);
  EXPECT_FALSE(s.exists(k));  // a key keeps nothing alive, and is never used for another object
  const key next = s.put(doubles{4});
  EXPECT_NE(next, k);
  EXPECT_TRUE(fails(errc::stale, [&] { return s.get<doubles>(k); }));
}

}  // namespace
}  // namespace farhold
