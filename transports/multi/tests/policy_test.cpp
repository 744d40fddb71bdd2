// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Which part gets an object, what its key and URI say of it, and what neither may say.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>
#include <farhold/local.hpp>
#include <farhold/multi.hpp>
#include <farhold/registry.hpp>
#include <farhold/shm.hpp>

#include "place.hpp"
#include "support/fails.hpp"
#include "support/scratch.hpp"

namespace farhold::multi {

using farhold::test::scratch;
namespace {

using bytes = std::vector<std::byte>;
using numbers = std::vector<double>;
using test::fails;

std::size_t part_of(const key& object) { return place_of(object).value().part; }

/// Objects of this process alone, in as many places as there are policies.
store several(const std::vector<policy>& policies) {
  std::vector<part> parts;
  for (const policy& p : policies) parts.push_back({local::connector(), p});
  return {"several", connector(std::move(parts)), {.inline_bytes = 0}};
}

TEST(multi_policy, sizes_types_tags_and_hosts_choose_and_priority_decides) {
  store by_size = several({{.max_bytes = 100}, {.min_bytes = 101, .max_bytes = 200}, {}});
  EXPECT_EQ(part_of(by_size.put(bytes(100))), 0U);
  EXPECT_EQ(part_of(by_size.put(bytes(101))), 1U);
  EXPECT_EQ(part_of(by_size.put(bytes(201))), 2U);
  by_size.close();

  store by_type = several({{.types = types<numbers, std::string>()}, {}});
  EXPECT_EQ(part_of(by_type.put(numbers(5))), 0U);
  EXPECT_EQ(part_of(by_type.put(std::string("text"))), 0U);
  EXPECT_EQ(part_of(by_type.put(bytes(5))), 1U);
  EXPECT_EQ(part_of(by_type.put_batch(std::vector<numbers>{numbers(3)}).front()), 0U);
  by_type.close();

  store by_tag = several({{.tags = {"keep", "archive"}}, {}});
  EXPECT_EQ(part_of(by_tag.put(bytes(5), {.tag = "archive"})), 0U);
  EXPECT_EQ(part_of(by_tag.put(bytes(5), {.tag = "scratch"})), 1U);
  EXPECT_EQ(part_of(by_tag.put(bytes(5))), 1U);
  EXPECT_EQ(part_of(by_tag.put(bytes(500'000), {.tag = "keep"})), 0U) << "also what could be adopted";
  by_tag.close();

  store by_host = several({{.host = "no-such-host-*"}, {.host = "*"}});
  EXPECT_EQ(part_of(by_host.put(bytes(5))), 1U);
  by_host.close();

  store by_priority = several({{.priority = -1}, {.max_bytes = 100, .priority = 2}, {.priority = 1}});
  EXPECT_EQ(part_of(by_priority.put(bytes(5))), 1U);
  EXPECT_EQ(part_of(by_priority.put(bytes(500))), 2U);
  by_priority.close();

  store none = several({{.max_bytes = 10}});
  EXPECT_TRUE(fails(errc::unsupported, [&] { return none.put(bytes(11)); }, {"policy"}));
}

TEST(multi_policy, what_not_every_part_can_do_goes_to_one_that_can) {
  const scratch own;
  store s("mixed",
          connector({}, part{shm::connector()},
                    part{file::connector({.directory = own.path(), .durable = false})}),
          {.inline_bytes = 0});
  EXPECT_EQ(part_of(s.put(bytes(5))), 0U);
  EXPECT_EQ(part_of(s.put(bytes(5), {.lifetime = evict_after(2)})), 1U) << "the arena counts no reads";
  EXPECT_EQ(part_of(s.put(bytes(5), {.durable = true})), 1U) << "and keeps nothing";
  s.close();
  store memory("memory", connector({}, part{shm::connector()}), {.inline_bytes = 0});
  EXPECT_FAILS(unsupported, memory.put(bytes(5), {.lifetime = evict_after(2)}));
  EXPECT_FAILS(unsupported, memory.put(bytes(5), {.durable = true}));
}

TEST(multi_policy, a_full_part_sends_objects_on) {
  const scratch own;
  store s("spill",
          connector({}, part{shm::connector({.arena_bytes = 1U << 20U})},
                    part{file::connector({.directory = own.path(), .durable = false})}),
          {.inline_bytes = 0});
  std::vector<key> keys;
  for (int i = 0; i < 20; ++i) {
    const bytes object(100'000, static_cast<std::byte>(i));  // a variable: what is moved in is adopted
    keys.push_back(s.put(object));
  }
  EXPECT_EQ(part_of(keys.front()), 0U);
  EXPECT_EQ(part_of(keys.back()), 1U);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(s.get<bytes>(keys[static_cast<std::size_t>(i)]), bytes(100'000, static_cast<std::byte>(i)));
  // Larger than the whole arena.
  const bytes large(5U << 20U);
  EXPECT_EQ(part_of(s.put(large)), 1U);
  EXPECT_EQ(s.get_batch<bytes>(keys).size(), 20U) << "from both places in one call";
}

TEST(multi_policy, a_store_is_described_by_its_uri) {
  const scratch own;
  const std::string uri = "multi:///?0=shm://?arena=2MiB%26grace=10ms&1=file://" + own.path() +
                          "?durable=off&0.max=1KiB&1.priority=-1&twin=1";
  store s = store::open("described", uri, {.inline_bytes = 0});
  EXPECT_EQ(part_of(s.put(bytes(1024))), 0U);
  EXPECT_EQ(part_of(s.put(bytes(1025))), 1U);
  s.close();
  const auto opening = [](const std::string& text) {
    return [text] { return registry::global().open(text) != nullptr; };
  };
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///"), {"1 to 16 parts"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=local://&2=local://"), {"without gaps"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=local://&twin=0"), {"durable twin"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=local://&twin=1"), {"durable twin"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=local://&twin=x"), {"'x'"}));
  EXPECT_TRUE(
      fails(errc::invalid_argument, opening("multi:///?0=multi:///?0=local://"), {"no part of another"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=file:///nonexistent"), {"/nonexistent"}));
  EXPECT_TRUE(fails(errc::invalid_argument, opening("multi:///?0=local://&colour=red"), {"'colour'"}));
}

TEST(multi_policy, keys_and_uris_from_elsewhere_are_looked_at) {
  const auto refused = [](std::initializer_list<unsigned> id) {
    std::vector<std::byte> raw;
    for (const unsigned b : id) raw.push_back(static_cast<std::byte>(b));
    return !place_of(key({1}, 8, raw));
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({0, 255}));
  EXPECT_TRUE(refused({0, 255, 0}));
  EXPECT_TRUE(refused({16, 255, 1, 7}));
  EXPECT_TRUE(refused({0, 16, 1, 7, 7}));
  EXPECT_TRUE(refused({0, 255, 2, 7}));
  EXPECT_TRUE(refused({0, 255, 1, 7, 7})) << "a twin that is not announced";
  EXPECT_TRUE(refused({0, 1, 1, 7})) << "a twin that is not there";
  EXPECT_FALSE(refused({0, 1, 1, 7, 7}));

  key out;
  const key longest({1}, 8, std::vector<std::byte>(236));
  EXPECT_TRUE(to_key({.part = 3, .inner = longest, .twin = {}, .twin_inner = {}}, out));
  EXPECT_EQ(place_of(out)->inner, longest);
  EXPECT_FALSE(to_key(
      {.part = 3, .inner = key({1}, 8, std::vector<std::byte>(237)), .twin = {}, .twin_inner = {}}, out));
  EXPECT_EQ(decoded(encoded("a%&b?c=d")), "a%&b?c=d");
  EXPECT_FAILS(invalid_argument, decoded("%2"));

  store s = several({{}});
  const auto connector_of_proxies = registry::global().open("multi:///?late=on&0=local://");
  connector_of_proxies->introduce("multi:///?0=%zz");
  connector_of_proxies->introduce("nonsense");
  reservation room;
  EXPECT_EQ(connector_of_proxies->reserve(8, std::chrono::seconds(1), room).code, errc::unsupported);
  const key of_part_9({1}, 8,
                      std::vector<std::byte>{std::byte{9}, std::byte{255}, std::byte{1}, std::byte{1}});
  bool there = false;
  EXPECT_EQ(connector_of_proxies->evict(of_part_9, std::chrono::seconds(1)).code, errc::store_unknown);
  EXPECT_NE(connector_of_proxies->exists(of_part_9, std::chrono::seconds(1), there).code, errc::ok);
}

}  // namespace
}  // namespace farhold::multi
