// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Many at a time: objects, and threads.
#include <atomic>
#include <thread>

#include "suite.hpp"

namespace farhold::conformance {

using load = suite;
using bytes = std::vector<std::byte>;

TEST_F(load, many_small_objects_of_all_processes_at_once) {
  store& s = open();
  const std::size_t each = 2000 / static_cast<std::size_t>(size());
  const auto size_of = [](std::size_t i) { return i * 7 % 201; };
  std::vector<std::vector<proxy<bytes>>> all;
  for (int producer = 0; producer < size(); ++producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    all.push_back(hand_out_many<bytes>(each, producer, [&](std::size_t i) {
      return s.proxy(payload(size_of(i), {owner, i}));
    }));
  }
  const metrics before = s.metrics();
  std::uint64_t looked_at = 0;
  for (int producer = 0; producer < size(); ++producer) {
    if (!consumes(producer)) continue;
    const auto& objects = all[static_cast<std::size_t>(producer)];
    // From both ends, so that the order of reading is not that of writing.
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const std::size_t at = i % 2 == 0 ? i / 2 : objects.size() - 1 - i / 2;
      expect_payload(*objects[at], size_of(at), {static_cast<std::uint64_t>(producer), at});
      ++looked_at;
    }
  }
  const metrics after = s.metrics();
  std::uint64_t resolves = 0;
  for (std::size_t i = 0; i < path_count; ++i)
    resolves += after.by_path[i].resolves - before.by_path[i].resolves;
  EXPECT_EQ(resolves, looked_at) << "one transfer for each";
  EXPECT_EQ(after.failed_resolves, before.failed_resolves);
  barrier();
}

TEST_F(load, threads_resolve_at_the_same_time) {
  constexpr std::size_t count = 24;
  constexpr std::size_t thread_count = 4;
  const auto size_of = [](std::size_t i) { return i % 8 == 7 ? 300'001 : 1000 + 777 * i; };
  store& s = open();
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto make = [&](std::size_t i) { return s.proxy(payload(size_of(i), {owner, i})); };
    const auto shared = hand_out_many<bytes>(count, producer, make);
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    std::atomic<std::size_t> wrong{0};
    std::atomic<std::size_t> failed{0};
    const auto work = [&](std::size_t me) {
      for (std::size_t n = 0; n < count; ++n) {
        const std::size_t i = (n + me * 5) % count;
        const auto own = s.proxy_from_key<bytes>(shared[i].key());
        try {
          // One proxy of each thread's own, and one that all of them share.
          for (const proxy<bytes>* p : {&own, &shared[i]}) {
            const bytes& seen = **p;
            if (seen.size() != size_of(i) || first_wrong(seen, {owner, i})) ++wrong;
          }
        } catch (const error&) {
          ++failed;
        }
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < thread_count; ++t) threads.emplace_back(work, t);
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(failed, 0U);
    const std::uint64_t resolves = s.metrics().on(tested().way).resolves - before.on(tested().way).resolves;
    if (!why_without(feature::expected_path)) {
      EXPECT_EQ(resolves, count * (thread_count + 1))
          << "a shared proxy makes one transfer, whoever comes first";
    }
  });
}

TEST_F(load, threads_publish_and_evict_at_the_same_time) {
  constexpr std::size_t count = 200;
  constexpr std::size_t thread_count = 4;
  store& s = open();
  std::atomic<std::size_t> wrong{0};
  const auto work = [&](std::size_t me) {
    const origin of{static_cast<std::uint64_t>(rank()), me};
    for (std::size_t n = 0; n < count; ++n) {
      const key object = s.put(payload(64 + n * 13 % 4000, of));
      const auto p = s.proxy_from_key<bytes>(object);
      const outcome read = outcome_of([&] { return p->size(); });
      if (read.kind != errc::ok || first_wrong(*p, of)) ++wrong;
      s.evict(object);
      if (outcome_of([&] { return s.get<bytes>(object); }).kind != errc::stale) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < thread_count; ++t) threads.emplace_back(work, t);
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(s.metrics().published, count * thread_count);
  EXPECT_EQ(s.metrics().evicted, count * thread_count);
  barrier();
}

}  // namespace farhold::conformance
