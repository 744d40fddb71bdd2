// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Many threads publish, pin and evict in a small arena whose memory is reused at once. A pin that did not
// hold shows as wrong bytes, and as a data race under ThreadSanitizer.
#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "blocks_fixture.hpp"

namespace farhold::rma {
namespace {

constexpr std::size_t shelf_size = 8;

/// Where writers put tickets and readers find them, stale ones too.
class shelf {
 public:
  ticket exchange(std::size_t at, const ticket& fresh) {
    const std::scoped_lock lock(mutex_);
    return std::exchange(tickets_[at], fresh);
  }
  ticket look(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    return tickets_[at];
  }

 private:
  std::mutex mutex_;
  std::array<ticket, shelf_size> tickets_;
};

class blocks_threads : public ::testing::TestWithParam<std::chrono::nanoseconds> {
 protected:
  static constexpr int rounds = 3000;

  void write(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < rounds || whole < 100;) {
      const std::uint64_t length = 1 + random() % 6000;
      std::uint32_t slot = 0;
      byte_span out;
      if (!table.reserve(length, 10ms, slot, out).ok()) {
        std::this_thread::yield();  // pinned or in its grace period
        continue;
      }
      ++i;
      if (random() % 8 == 0) {
        fill_pattern(out, 0);
        table.abandon(slot);
        continue;
      }
      // The type carries the seed, so that a reader knows what it has to find.
      const std::uint64_t content = random();
      fill_pattern(out, content);
      const ticket fresh = table.publish(slot, length, type_id{content});
      const ticket old = objects.exchange(random() % shelf_size, fresh);
      if (old.generation == 0) continue;
      const status s = table.evict(old);
      EXPECT_TRUE(s.ok() || s.code == errc::stale);
      (s.ok() ? ended : lost_races).fetch_add(1);
    }
  }

  void read(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!done) {
      const ticket object = objects.look(random() % shelf_size);
      if (object.generation == 0) continue;
      byte_view payload;
      const status s = table.pin(object, payload);
      if (!s.ok()) {
        EXPECT_STATUS(stale, s);
        ++gone;
        continue;
      }
      if (random() % 2 == 0) std::this_thread::yield();
      if (count_wrong(payload, object.type.value) != 0) ++wrong;
      ++whole;
      table.unpin(object);
      if (random() % 32 == 0) (table.evict(object).ok() ? ended : lost_races).fetch_add(1);
    }
  }

  aligned_memory memory{header + room};
  blocks table{memory.span(), header, incarnation, GetParam(), clock{}};
  shelf objects;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> whole{0}, gone{0}, wrong{0}, ended{0}, lost_races{0};
};

INSTANTIATE_TEST_SUITE_P(grace, blocks_threads, ::testing::Values(0ns, 100us), [](const auto& chosen) {
  return "of_" + std::to_string(chosen.param.count()) + "_ns";
});

TEST_P(blocks_threads, what_is_pinned_is_whole) {
  std::vector<std::thread> writers, readers;
  for (std::uint64_t seed : {1U, 2U}) writers.emplace_back([this, seed] { write(seed); });
  for (std::uint64_t seed : {11U, 12U, 13U}) readers.emplace_back([this, seed] { read(seed); });
  for (std::thread& one : writers) one.join();
  done = true;
  for (std::thread& one : readers) one.join();
  EXPECT_EQ(0U, wrong);
  RecordProperty("whole", std::to_string(whole));
  RecordProperty("gone", std::to_string(gone));
  for (std::size_t at = 0; at < shelf_size; ++at) {
    const ticket last = objects.look(at);
    if (last.generation != 0 && table.evict(last).ok()) ++ended;
  }
  EXPECT_EQ(ended, table.evicted());
  EXPECT_TRUE(table.wait_unpinned(deadline(0ns)));
  // Nothing was lost on the way: all of it is one block again.
  std::uint32_t slot = 0;
  byte_span out;
  while (!table.reserve(::farhold::rma::whole, 1s, slot, out).ok()) std::this_thread::yield();
}

TEST_P(blocks_threads, of_many_evictors_one_succeeds) {
  for (int i = 0; i < 300; ++i) {
    std::uint32_t slot = 0;
    byte_span out;
    while (!table.reserve(100, 1s, slot, out).ok()) std::this_thread::yield();
    const ticket object = table.publish(slot, 100, type_id{1});
    std::atomic<int> succeeded{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 3; ++t) all.emplace_back([&] { succeeded += table.evict(object).ok() ? 1 : 0; });
    for (std::thread& one : all) one.join();
    ASSERT_EQ(1, succeeded);
  }
  EXPECT_EQ(300U, table.evicted());
}

TEST_P(blocks_threads, generations_of_many_threads_never_repeat) {
  std::array<std::vector<std::uint64_t>, 3> seen;
  std::vector<std::thread> all;
  for (auto& mine : seen) {
    all.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        std::uint32_t slot = 0;
        byte_span out;
        while (!table.reserve(100, 1s, slot, out).ok()) std::this_thread::yield();
        const ticket object = table.publish(slot, 100, type_id{1});
        mine.push_back(object.generation);
        EXPECT_STATUS(ok, table.evict(object));
      }
    });
  }
  for (std::thread& one : all) one.join();
  std::set<std::uint64_t> unique;
  for (const auto& mine : seen) unique.insert(mine.begin(), mine.end());
  EXPECT_EQ(3000U, unique.size());
  EXPECT_EQ(0U, unique.count(0));
}

}  // namespace
}  // namespace farhold::rma
