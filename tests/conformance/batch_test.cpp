// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Many objects in one call: the same as one by one, in order, one transfer each.
#include <array>

#include "suite.hpp"

namespace farhold::conformance {

using batch = suite;
using bytes = std::vector<std::byte>;

namespace {

constexpr std::size_t batch_size = 30;

/// Nothing, a little, and more than one piece of a transfer, in no order of size.
std::size_t size_of(std::size_t i) {
  constexpr std::array<std::size_t, 6> sizes = {4097, 0, 1, 300'001, 65, 2000};
  return sizes[i % sizes.size()] + i / sizes.size();
}

std::vector<bytes> payloads(std::uint64_t owner) {
  std::vector<bytes> all;
  for (std::size_t i = 0; i < batch_size; ++i) all.push_back(payload(size_of(i), {owner, i}));
  return all;
}

template <class Objects>
std::vector<key> keys_of(const Objects& proxies) {
  std::vector<key> keys;
  for (const auto& p : proxies) keys.push_back(p.key());
  return keys;
}

outcome outcome_of_evicting(store& s, std::span<const key> objects) {
  return outcome_of([&] {
    s.evict_batch(objects);
    return 0;
  });
}

outcome outcome_of_resolving(const std::vector<proxy<bytes>>& all) {
  return outcome_of([&] {
    resolve_all(all);
    return 0;
  });
}

std::uint64_t all_resolves(const metrics& m) {
  std::uint64_t sum = 0;
  for (const auto& by : m.by_path) sum += by.resolves;
  return sum;
}

}  // namespace

TEST_F(batch, what_is_stored_together_arrives_together_and_in_order) {
  store& s = open();
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    std::vector<proxy<bytes>> made;
    if (rank() == producer) {
      const metrics before = s.metrics();
      made = s.proxy_batch(payloads(owner));
      EXPECT_EQ(s.metrics().published - before.published, batch_size);
    }
    const auto all = hand_out_many<bytes>(batch_size, producer, [&](std::size_t i) { return made[i]; });
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    resolve_all(all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_TRUE(all[i].resolved());
      expect_payload(*all[i], size_of(i), {owner, i});
    }
    EXPECT_EQ(all_resolves(s.metrics()) - all_resolves(before), batch_size) << "one transfer for each";

    const std::vector<bytes> got = s.get_batch<bytes>(keys_of(all));
    for (std::size_t i = 0; i < got.size(); ++i) expect_payload(got[i], size_of(i), {owner, i});
    EXPECT_EQ(got.size(), batch_size);
    EXPECT_EQ(all_resolves(s.metrics()) - all_resolves(before), 2 * batch_size);
    EXPECT_EQ(s.metrics().failed_resolves, before.failed_resolves);
  });
}

TEST_F(batch, objects_of_all_processes_are_gathered_at_once) {
  store& s = open();
  std::vector<std::vector<proxy<bytes>>> of;
  for (int producer = 0; producer < size(); ++producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const std::vector<key> mine = rank() == producer ? s.put_batch(payloads(owner)) : std::vector<key>();
    of.push_back(hand_out_many<bytes>(batch_size, producer,
                                      [&](std::size_t i) { return s.proxy_from_key<bytes>(mine[i]); }));
  }
  // Neighbours in the batch have different producers.
  std::vector<proxy<bytes>> all;
  std::vector<origin> whose;
  for (std::size_t i = 0; i < batch_size; ++i) {
    for (int producer = 0; producer < size(); ++producer) {
      const auto owner = static_cast<std::size_t>(producer);
      if (!consumes(producer) || i >= of[owner].size()) continue;
      all.push_back(of[owner][i]);
      whose.push_back({owner, i});
    }
  }
  const metrics before = s.metrics();
  EXPECT_THAT(outcome_of_resolving(all), fails_with(errc::ok));
  for (std::size_t i = 0; i < all.size(); ++i) expect_payload(*all[i], size_of(whose[i].object), whose[i]);
  EXPECT_EQ(all_resolves(s.metrics()) - all_resolves(before), all.size());
  barrier();
}

TEST_F(batch, evicted_objects_leave_the_others) {
  store& s = open();
  const auto evicted = [](std::size_t i) { return i % 3 == 1; };
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const std::vector<key> mine = rank() == producer ? s.put_batch(payloads(owner)) : std::vector<key>();
    const auto all = hand_out_many<bytes>(batch_size, producer,
                                          [&](std::size_t i) { return s.proxy_from_key<bytes>(mine[i]); });
    const std::vector<key> keys = keys_of(all);
    std::vector<key> victims;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (evicted(i)) victims.push_back(keys[i]);
    }
    if (rank() == producer) {
      EXPECT_THAT(outcome_of_evicting(s, victims), fails_with(errc::ok));
      EXPECT_THAT(outcome_of_evicting(s, victims), fails_with(errc::stale)) << "a second time";
    }
    barrier();
    const std::vector<bool> there = s.exists_batch(keys);
    EXPECT_EQ(there.size(), keys.size());
    for (std::size_t i = 0; i < there.size(); ++i) EXPECT_EQ(there[i], !evicted(i)) << i;
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    EXPECT_THAT(outcome_of_resolving(all), fails_with(errc::stale));
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].resolved(), !evicted(i)) << i;
      if (all[i].resolved()) expect_payload(*all[i], size_of(i), {owner, i});
    }
    const metrics after = s.metrics();
    EXPECT_EQ(after.observed_stale - before.observed_stale, victims.size());
    EXPECT_EQ(all_resolves(after) - all_resolves(before), all.size() - victims.size());
    EXPECT_THAT(outcome_of([&] { return s.get_batch<bytes>(keys); }), fails_with(errc::stale));
  });
}

TEST_F(batch, a_consumer_may_evict_many_at_once) {
  store& s = open();
  for_each_producer([&](int producer) {
    const std::vector<key> mine =
        rank() == producer ? s.put_batch(payloads(static_cast<std::uint64_t>(producer))) : std::vector<key>();
    const auto all = hand_out_many<bytes>(batch_size, producer,
                                          [&](std::size_t i) { return s.proxy_from_key<bytes>(mine[i]); });
    const std::vector<key> keys = keys_of(all);
    // One is gone already: the rest is ended all the same.
    if (rank() == producer) s.evict(mine[batch_size / 2]);
    barrier();
    if (rank() == (producer + 1) % size()) {
      EXPECT_THAT(outcome_of_evicting(s, keys), fails_with(errc::stale));
    }
    barrier();
    for (const bool there : s.exists_batch(keys)) EXPECT_FALSE(there);
    if (rank() == producer) {
      // Where no producer is needed, the process that ends an object counts it.
      if ((!capabilities().outlives_producer && !why_without(feature::one_counter)) || size() == 1) {
        EXPECT_EQ(s.metrics().evicted, batch_size);
      }
    }
  });
}

TEST_F(batch, all_are_stored_or_none) {
  FARHOLD_CONFORMANCE_NEEDS(feature::exact_capacity);
  store& s = open({.inline_bytes = 0}, std::uint64_t{1} << 20U);
  const std::vector<bytes> too_much(4, bytes(300'000));
  EXPECT_THAT(outcome_of([&] { return s.put_batch(too_much); }), fails_with(errc::out_of_memory));
  EXPECT_EQ(s.metrics().published, 0U);
  const origin of{static_cast<std::uint64_t>(rank()), 0};
  key object;
  EXPECT_THAT(outcome_of([&] { return object = s.put(payload(1'000'000, of)); }), fails_with(errc::ok))
      << "the room of those that fitted is free again";
  expect_payload(s.get<bytes>(object), 1'000'000, of);
  barrier();
}

}  // namespace farhold::conformance
