// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/registry.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;

std::vector<std::string> sorted_names() {
  auto names = registry::global().names();
  std::ranges::sort(names);
  return names;
}

TEST(registry, knows_stores_while_they_are_open) {
  EXPECT_TRUE(sorted_names().empty());
  {
    store a("a", local::connector());
    store b("b", local::connector());
    EXPECT_EQ(sorted_names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_NE(registry::global().find("a"), nullptr);
    EXPECT_EQ(registry::global().find("c"), nullptr);
    b.close();
    EXPECT_EQ(sorted_names(), std::vector<std::string>{"a"});
    EXPECT_EQ(registry::global().find("b"), nullptr);
  }
  EXPECT_TRUE(sorted_names().empty());
}

TEST(registry, follows_moves) {
  store a("a", local::connector());
  const auto core = registry::global().find("a");
  store b = std::move(a);
  EXPECT_EQ(registry::global().find("a"), core);
  EXPECT_EQ(b.name(), "a");

  store other("other", local::connector());
  other = std::move(b);  // the store that was there is forgotten
  EXPECT_EQ(sorted_names(), std::vector<std::string>{"a"});
}

TEST(registry, finds_who_has_the_name_now_whoever_had_it_when_this_thread_looked_last) {
  const auto find = [] { return registry::global().find("a"); };
  std::optional<store> a(std::in_place, "a", local::connector());
  const std::weak_ptr<detail::store_core> first = find();
  EXPECT_EQ(find(), first.lock());
  std::thread([&] { a.reset(); }).join();
  EXPECT_EQ(find(), nullptr);
  EXPECT_TRUE(first.expired());  // what was found is not kept alive
  std::thread([&] { a.emplace("a", local::connector()); }).join();
  EXPECT_NE(find(), nullptr);
  store other("other", local::connector());
  EXPECT_EQ(registry::global().find("other")->name(), "other");
  EXPECT_EQ(find()->name(), "a");
}

TEST(registry, refuses_a_name_that_is_taken_and_leaves_the_first_alone) {
  store first("twice", local::connector());
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return store("twice", local::connector()); },
                    {"'twice'", "open in this process already", "close it first or choose another name"}));
  const auto p = first.proxy_from_key<int>(first.put(5));
  EXPECT_EQ(*p, 5);
  first.close();
  EXPECT_NO_THROW(store("twice", local::connector()));
}

TEST(registry, names_must_fit_a_token) {
  EXPECT_TRUE(
      fails(errc::invalid_argument, [] { return store("", local::connector()); }, {"1 to 255 bytes"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return store(std::string(256, 'n'), local::connector()); }));
  EXPECT_NO_THROW(store(std::string(255, 'n'), local::connector()));
  const auto watch = std::make_shared<test::watch>();
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [&] { return store("n", test::watched(watch, std::string(256, 'u'))); }, {"URI"}));
}

TEST(registry, finds_by_the_hash_of_compact_tokens) {
  store a("by hash", local::connector());
  const auto p = a.proxy(1);
  const std::uint32_t hash = store_factory::decode(p.to_bytes(token_form::compact)).name_hash();
  ASSERT_NE(registry::global().find(hash), nullptr);
  EXPECT_EQ(registry::global().find(hash)->name(), "by hash");
  EXPECT_EQ(registry::global().find(hash + 1), nullptr);
}

std::uint32_t hash_of(const std::string& name) {
  return static_cast<std::uint32_t>(XXH3_64bits(name.data(), name.size()));
}

// Two names of one hash would let a compact token find the wrong store; XXH3 of these agree in the low half.
TEST(registry, refuses_names_that_collide) {
  std::vector<std::pair<std::uint32_t, std::string>> hashes;
  for (int i = 0; i < 200'000; ++i) {
    const std::string name = "s" + std::to_string(i);
    hashes.emplace_back(hash_of(name), name);
  }
  std::ranges::sort(hashes);
  const auto twin = std::ranges::adjacent_find(hashes, {}, &std::pair<std::uint32_t, std::string>::first);
  ASSERT_NE(twin, hashes.end());
  store a(twin->second, local::connector());
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [&] { return store(std::next(twin)->second, local::connector()); },
                    {twin->second, std::next(twin)->second, "collide", "choose another name"}));
  EXPECT_EQ(registry::global().find(std::next(twin)->second), nullptr) << "a hash is not a name";
}

TEST(registry, unknown_store_says_what_is_open_and_what_to_do) {
  std::string token;
  {
    store producer("producer", local::connector());
    token = producer.proxy_from_key<int>(producer.put(1)).to_string();
  }
  const auto p = proxy<int>::from_string(token);
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return p.resolve(); },
                    {"no store named 'producer'", "(none is)", "open it under the producer's name"}));
  store other("other", local::connector()), third("third", local::connector());
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return p.resolve(); }, {"'other'", "'third'"}));
}

TEST(registry, a_proxy_finds_the_store_that_is_opened_later) {
  const auto watch = std::make_shared<test::watch>();
  const std::shared_ptr<connector> objects = local::connector();
  std::string token;
  {
    store producer("later", std::make_unique<test::watched_connector>(watch, "", objects));
    token = producer.proxy_from_key<int>(producer.put(77)).to_string();
  }
  const auto p = proxy<int>::from_string(token);
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return p.resolve(); }));
  store again("later", std::make_unique<test::watched_connector>(watch, "", objects));
  EXPECT_EQ(*p, 77);
}

TEST(registry, opens_by_scheme) {
  store s = store::open("by uri", "local://");
  EXPECT_EQ(s.get<int>(s.put(3)), 3);
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return store::open("x", "warp://9"); },
                    {"'warp://9'", "known schemes are", "local://"}));
  EXPECT_TRUE(
      fails(errc::invalid_argument, [] { return store::open("x", "local://?arena=1GiB"); }, {"'arena'"}));
  EXPECT_EQ(registry::global().find("x"), nullptr);
}

TEST(registry, schemes_of_third_parties) {
  auto watch = std::make_shared<test::watch>();
  std::string seen;
  registry::global().add_scheme("mine", [&](const uri& address) {
    seen = address.rest();
    return test::watched(watch);
  });
  store s = store::open("theirs", "mine://here");
  EXPECT_EQ(seen, "here");
  s.put(1);
  EXPECT_EQ(watch->published, 1);

  registry::global().add_scheme("mine", [](const uri&) { return std::unique_ptr<connector>(); });
  EXPECT_TRUE(
      fails(errc::invalid_argument, [] { return store::open("nothing", "mine://"); }, {"no connector"}));
}

TEST(registry, tells_how_far_the_stores_of_a_scheme_reach) {
  const auto reach_of = [](std::string_view name) -> std::optional<reach> {
    for (const scheme_facts& scheme : registry::global().schemes()) {
      if (scheme.name == name) return scheme.reach;
    }
    return std::nullopt;
  };
  EXPECT_EQ(reach_of("local"), reach::process);
  EXPECT_EQ(reach_of("shm"), reach::host);
  EXPECT_EQ(reach_of("file"), reach::unknown) << "it needs a path";
  EXPECT_EQ(reach_of("warp"), std::nullopt);
  registry::global().add_scheme(
      "wide", [](const uri&) { return local::connector(); }, reach::network);
  EXPECT_EQ(reach_of("wide"), reach::network);
}

TEST(registry, opens_the_store_of_a_proxy_once_and_gives_it_up_for_the_programs_own) {
  const std::shared_ptr<connector> far = local::connector();  // what the process elsewhere has
  const auto maker = std::make_shared<test::watch>(), opened = std::make_shared<test::watch>();
  std::atomic<int> openings{0};
  registry::global().add_scheme("far", [&](uri&) {
    ++openings;
    return std::make_unique<test::watched_connector>(opened, "far://here", far);
  });
  std::vector<std::byte> token;
  {
    store producer("far away", std::make_unique<test::watched_connector>(maker, "far://there", far),
                   {.inline_bytes = 0});
    token = producer.proxy(std::string(100, 'x')).to_bytes();
  }
  EXPECT_EQ(openings, 0) << "decoding opens nothing";

  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] { EXPECT_EQ(*proxy<std::string>::from_bytes(token), std::string(100, 'x')); });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(openings, 1);
  EXPECT_EQ(opened->gets, 4);
  EXPECT_EQ(sorted_names(), std::vector<std::string>{"far away"});

  {
    const store own("far away", std::make_unique<test::watched_connector>(maker, "far://own", far));
    EXPECT_EQ(opened->closed, 1);
    EXPECT_EQ(registry::global().find("far away")->address()->uri, "far://own");
    EXPECT_EQ(openings, 1);
  }
  EXPECT_TRUE(sorted_names().empty());
}

TEST(registry, says_why_a_store_cannot_be_opened_from_its_proxy) {
  const auto p_of = [](const char* uri_text) {
    store s("cannot", test::watched(std::make_shared<test::watch>(), uri_text), {.inline_bytes = 0});
    return s.proxy(std::string(2000, 'x'));
  };
  EXPECT_TRUE(
      fails(errc::store_unknown, [&] { return p_of("nobody://knows").resolve(); },
            {"'cannot'", "'nobody://knows'", "cannot be opened from the proxy", "known schemes are"}));
  registry::global().add_scheme("full", [](uri&) -> std::unique_ptr<connector> {
    throw error(errc::out_of_memory, "no room on this host");
  });
  EXPECT_TRUE(
      fails(errc::out_of_memory, [&] { return p_of("full://").resolve(); }, {"no room on this host"}));
  EXPECT_TRUE(sorted_names().empty());
}

TEST(registry, may_be_used_from_many_threads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int round = 0; round < 200; ++round) {
        const std::string name = "thread " + std::to_string(t);
        store s(name, local::connector());
        const auto p = s.proxy_from_key<int>(s.put(round));
        EXPECT_EQ(*proxy<int>::from_bytes(p.to_bytes(token_form::compact)), round);
        EXPECT_FALSE(registry::global().names().empty());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_TRUE(sorted_names().empty());
}

}  // namespace
}  // namespace farhold
