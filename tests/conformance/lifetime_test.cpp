// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The ends of things: of an object, of a store, of a store that comes back under its name.
#include <atomic>
#include <thread>

#include "suite.hpp"

namespace farhold::conformance {

using lifetime = suite;
using bytes = std::vector<std::byte>;

TEST_F(lifetime, an_object_exists_until_its_producer_evicts_it) {
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 0};
    proxy<bytes> made;
    if (rank() == producer) made = s.proxy(payload(2000, of));
    const auto early = hand_out(made, producer);
    const auto late = hand_out(made, producer);
    EXPECT_TRUE(s.exists(early.key()));
    if (consumes(producer)) expect_payload(*early, 2000, of);
    barrier();
    if (rank() == producer) s.evict(made.key());
    barrier();
    EXPECT_FALSE(s.exists(early.key()));
    EXPECT_THAT(outcome_of([&] { return *late; }), fails_with(errc::stale));
    EXPECT_THAT(outcome_of([&] { return s.get<bytes>(late.key()); }), fails_with(errc::stale));
    EXPECT_THAT(outcome_of([&] {
                  s.evict(late.key());
                  return 0;
                }),
                fails_with(errc::stale))
        << "a second evict";
    if (consumes(producer)) expect_payload(*early, 2000, of);  // resolved before: stays
    EXPECT_GE(s.metrics().observed_stale, 2U);
  });
}

TEST_F(lifetime, a_consumer_may_evict) {
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 1};
    proxy<bytes> made;
    if (rank() == producer) made = s.proxy(payload(2000, of));
    const auto object = hand_out(made, producer);
    const int evictor = (producer + 1) % size();
    if (rank() == evictor) {
      expect_payload(*object, 2000, of);
      EXPECT_THAT(outcome_of([&] {
                    s.evict(object.key());
                    return 0;
                  }),
                  fails_with(errc::ok));
      EXPECT_THAT(outcome_of([&] {
                    s.evict(object.key());
                    return 0;
                  }),
                  fails_with(errc::stale));
    }
    barrier();
    EXPECT_FALSE(s.exists(object.key()));
    EXPECT_THAT(outcome_of([&] { return s.get<bytes>(object.key()); }), fails_with(errc::stale));
    // It is the producer who ends it, or the evictor himself, where nothing is needed of producers.
    const int counter = capabilities().outlives_producer ? evictor : producer;
    if (rank() == counter && !why_without(feature::one_counter)) {
      EXPECT_EQ(s.metrics().evicted, 1U);
    }
  });
}

TEST_F(lifetime, one_of_many_evictors_wins) {
  store& s = open();
  for_each_producer([&](int producer) {
    proxy<bytes> made;
    if (rank() == producer) made = s.proxy(payload(100, {static_cast<std::uint64_t>(producer), 2}));
    const key object = hand_out(made, producer).key();
    barrier();
    const outcome mine = outcome_of([&] {
      s.evict(object);
      return 0;
    });
    int winners = 0;
    for (int root = 0; root < size(); ++root) {
      const bytes verdict = broadcast({static_cast<std::byte>(mine.kind)}, root);
      const auto kind = static_cast<errc>(std::to_integer<int>(verdict.front()));
      EXPECT_TRUE(kind == errc::ok || kind == errc::stale) << farhold::to_string(kind);
      winners += kind == errc::ok ? 1 : 0;
    }
    EXPECT_EQ(winners, 1);
  });
}

TEST_F(lifetime, evicting_one_object_leaves_its_neighbours) {
  store& s = open();
  constexpr std::size_t count = 50;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto all = hand_out_many<bytes>(count, producer, [&](std::size_t i) {
      return s.proxy(payload(100 + i, {owner, i}));
    });
    if (rank() == producer) {
      for (std::size_t i = 0; i < count; i += 2) s.evict(all[i].key());
      // What comes next must not disturb the ones that stay, wherever it is put.
      for (std::size_t i = 0; i < count; ++i) static_cast<void>(s.put(payload(120, {owner, 1000 + i})));
    }
    barrier();
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 2 == 0) {
        EXPECT_THAT(outcome_of([&] { return *all[i]; }), fails_with(errc::stale));
      } else {
        expect_payload(*all[i], 100 + i, {owner, i});
      }
    }
  });
}

TEST_F(lifetime, a_closed_store_says_so) {
  store& s = open();
  const key object = s.put(payload(100, {}));
  const auto unresolved = s.proxy_from_key<bytes>(object);
  const auto resolved = s.proxy_from_key<bytes>(object);
  expect_payload(*resolved, 100, {});
  barrier();
  s.close({.timeout = patience});
  EXPECT_THAT(outcome_of([&] { return s.put(bytes(10)); }), fails_with(errc::closed));
  EXPECT_THAT(outcome_of([&] { return s.get<bytes>(object); }), fails_with(errc::closed));
  EXPECT_THAT(outcome_of([&] { return s.exists(object); }), fails_with(errc::closed));
  EXPECT_THAT(outcome_of([&] {
                s.evict(object);
                return 0;
              }),
              fails_with(errc::closed));
  // The name is free again, so that for a proxy there is no such store, or, where a proxy can open one,
  // nobody who has the object, unless it outlives its producer.
  const outcome later = outcome_of([&] { return *unresolved; });
  if (later.kind == errc::ok) {
    EXPECT_TRUE(capabilities().outlives_producer);
    expect_payload(*unresolved, 100, {});
  } else {
    EXPECT_THAT(later, testing::AnyOf(fails_with(errc::store_unknown), fails_with(errc::producer_lost)));
  }
  expect_payload(*resolved, 100, {});
  open();  // what the end of the test closes
}

TEST_F(lifetime, a_proxy_of_a_store_that_was_reopened_is_an_error_or_resolves_if_objects_outlive_it) {
  constexpr std::size_t count = 20;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    store& before = open();
    const auto old = hand_out_many<bytes>(count, producer, [&](std::size_t i) {
      return before.proxy(payload(500, {owner, i}));
    });
    barrier();
    close();
    store& after = open();
    // Objects of the same sizes and types, most likely at the same places.
    if (rank() == producer) {
      for (std::size_t i = 0; i < count; ++i) static_cast<void>(after.put(payload(500, {owner, 100 + i})));
    }
    barrier();
    for (std::size_t i = 0; i < old.size(); ++i) {
      const outcome told = outcome_of([&] { return *old[i]; });
      if (capabilities().outlives_producer) {
        EXPECT_THAT(told, fails_with(errc::ok));
        if (old[i].resolved()) expect_payload(*old[i], 500, {owner, i});
      } else if (why_without(feature::told_restart)) {
        EXPECT_THAT(told, testing::AnyOf(fails_with(errc::stale), fails_with(errc::not_found)));
      } else {
        EXPECT_THAT(told, fails_with(errc::producer_lost));
      }
    }
    barrier();
    close();
  });
}

TEST_F(lifetime, an_object_ends_with_its_scope_or_its_time) {
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 1};
    farhold::scope step;
    std::vector<proxy<bytes>> made;
    if (rank() == producer) {
      made = {s.proxy(payload(2000, of), {.lifetime = step}),
              s.proxy(payload(2000, of), {.lifetime = farhold::time_to_live(50ms)}),
              s.proxy(payload(2000, of))};
    }
    const auto all = hand_out_many<bytes>(3, producer, [&](std::size_t i) { return made[i]; });
    barrier();
    for (const auto& p : {all[0], all[2]}) EXPECT_TRUE(s.exists(p.key()));
    barrier();
    if (rank() == producer) {
      step.end();
      // What is evicted by a timer is not announced.
      const auto end = std::chrono::steady_clock::now() + patience;
      while (s.exists(all[1].key()) && std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(1ms);
    }
    barrier();
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_THAT(outcome_of([&] { return s.get<bytes>(all[i].key()); }),
                  fails_with(i == 2 ? errc::ok : errc::stale));
    }
  });
}

TEST_F(lifetime, an_object_is_made_durable_or_refused) {
  store& s = open();
  const errc right = capabilities().durable ? errc::ok : errc::unsupported;
  EXPECT_THAT(outcome_of([&] { return s.put(bytes(100), {.durable = true}); }), fails_with(right));
  EXPECT_EQ(s.metrics().published, capabilities().durable ? 1U : 0U);
}

constexpr const char* refuses_to_count =
    "counts no reads: the test reads_are_counted_or_refused has seen that it says so";

TEST_F(lifetime, reads_are_counted_or_refused) {
  store& s = open();
  const errc right = capabilities().counts_reads ? errc::ok : errc::unsupported;
  const farhold::put_options twice{.lifetime = farhold::evict_after(2)};
  EXPECT_THAT(outcome_of([&] { return s.put(bytes(100), twice); }), fails_with(right));
  EXPECT_THAT(outcome_of([&] { return s.put_batch(std::vector<bytes>(3, bytes(100)), twice); }),
              fails_with(right));
  EXPECT_EQ(s.metrics().published, capabilities().counts_reads ? 4U : 0U);
}

TEST_F(lifetime, an_object_that_ends_after_reads_is_read_so_often_by_all_together) {
  store& s = open();
  if (!capabilities().counts_reads) GTEST_SKIP() << refuses_to_count;
  constexpr std::size_t thread_count = 3;
  constexpr std::size_t tries = 8;  // of each thread
  const auto processes = static_cast<std::size_t>(size());
  const auto reads = static_cast<std::uint32_t>(thread_count * tries * processes / 2 + 1);
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 3};
    proxy<bytes> made;
    if (rank() == producer) made = s.proxy(payload(2000, of), {.lifetime = farhold::evict_after(reads)});
    const key object = hand_out(made, producer).key();
    std::atomic<std::size_t> good{0}, strange{0};
    const auto work = [&] {
      for (std::size_t i = 0; i < tries; ++i) {
        bytes seen;
        const outcome told = outcome_of([&] {
          seen = s.get<bytes>(object);
          return 0;
        });
        if (told.kind == errc::ok && seen.size() == 2000 && !first_wrong(seen, of))
          ++good;
        else if (told.kind != errc::stale)
          ++strange;
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < thread_count; ++t) threads.emplace_back(work);
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(strange, 0U);
    std::size_t all = 0;
    for (int root = 0; root < size(); ++root) {
      all += std::to_integer<std::size_t>(broadcast({static_cast<std::byte>(good.load())}, root).front());
    }
    EXPECT_EQ(all, reads) << "each read counts once, whoever makes it";
    EXPECT_FALSE(s.exists(object)) << "the last one has ended it";
    EXPECT_THAT(outcome_of([&] { return s.get<bytes>(object); }), fails_with(errc::stale));
  });
}

TEST_F(lifetime, objects_of_a_batch_have_reads_of_their_own) {
  store& s = open();
  if (!capabilities().counts_reads) GTEST_SKIP() << refuses_to_count;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    std::vector<proxy<bytes>> made;
    if (rank() == producer) {
      std::vector<bytes> all;
      for (std::size_t i = 0; i < 5; ++i) all.push_back(payload(100 * i, {owner, i}));
      made = s.proxy_batch(all, {.lifetime = farhold::evict_after(2)});
    }
    const auto objects = hand_out_many<bytes>(5, producer, [&](std::size_t i) { return made[i]; });
    barrier();
    if (rank() == producer) {
      resolve_all(objects);
      for (std::size_t i = 0; i < 5; ++i) expect_payload(*objects[i], 100 * i, {owner, i});
      // One that is evicted by hand has no reads left.
      s.evict(objects[0].key());
    }
    barrier();
    if (rank() == (producer + 1) % size()) {
      for (std::size_t i = 0; i < 5; ++i) {
        const outcome told = outcome_of([&] { return s.get<bytes>(objects[i].key()); });
        EXPECT_THAT(told, fails_with(i == 0 ? errc::stale : errc::ok));
      }
    }
    barrier();
    for (const auto& p : objects) EXPECT_FALSE(s.exists(p.key()));
  });
}

}  // namespace farhold::conformance
