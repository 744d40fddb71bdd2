// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"

// The same few proxies resolved, copied, extracted, evicted, put again and dropped by many threads at once.
// Meant for ThreadSanitizer as much as for the assertions.

namespace farhold {
namespace {

using doubles = std::vector<double>;

constexpr int thread_count = 8;
constexpr int rounds = 2000;
constexpr std::size_t place_count = 4;

template <class Body>
void on_all_threads(Body body) {
  std::barrier start(thread_count);
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      body(t);
    });
  }
  for (std::thread& t : threads) t.join();
}

/// Every object says of itself whether it is whole: all elements are its first.
bool whole(const doubles& xs) {
  return xs.size() == 200 && std::ranges::all_of(xs, [&](double x) { return x == xs.front(); });
}

/// Places for proxies that all threads take copies of and replace.
class board {
 public:
  explicit board(store& s) : store_(s) {
    for (std::size_t i = 0; i < place_count; ++i) put(i);
  }
  [[nodiscard]] proxy<doubles> copy(std::size_t i) {
    const std::lock_guard lock(mutex_);
    return places_[i];
  }
  /// Puts a new object into the place; returns the proxy that was there.
  proxy<doubles> put(std::size_t i) {
    auto fresh = store_.proxy(doubles(200, static_cast<double>(++made_)));
    const std::lock_guard lock(mutex_);
    return std::exchange(places_[i], std::move(fresh));
  }
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  store& store_;
  std::mutex mutex_;
  std::array<proxy<doubles>, place_count> places_;
  std::atomic<std::uint64_t> made_ = 0;
};

struct tally {
  std::atomic<std::uint64_t> good = 0, stale = 0, failed = 0, evicted = 0;

  /// What `access` returned must be whole, and an error must be one that was provoked.
  template <class Access>
  void count(Access access) {
    try {
      EXPECT_TRUE(whole(access()));
      ++good;
    } catch (const error& problem) {
      if (problem.kind() == errc::stale) {
        ++stale;
      } else {
        EXPECT_EQ(problem.kind(), errc::unreachable) << problem.what();
        ++failed;
      }
    }
  }
  void evict(store& s, const proxy<doubles>& p) {
    try {
      s.evict(p.key());
      ++evicted;
    } catch (const error& problem) {
      EXPECT_EQ(problem.kind(), errc::stale) << problem.what();  // another thread was first
    }
  }
};

/// All of it at once, chosen at random but from known seeds.
void storm(store& s, board& places, tally& seen) {
  on_all_threads([&](int t) {
    std::minstd_rand random(static_cast<unsigned>(t) + 1);
    std::vector<proxy<doubles>> kept;
    for (int round = 0; round < rounds; ++round) {
      const std::size_t i = random() % place_count;
      auto p = places.copy(i);
      switch (random() % 8) {
        case 0:
        case 1: seen.count([&]() -> const doubles& { return p; }); break;
        case 2: {
          const auto q = p, r = q;
          seen.count([&]() -> const doubles& { return *r; });
          break;
        }
        case 3: seen.count([&] { return std::move(p).extract(); }); break;
        case 4: seen.count([&] { return *proxy<doubles>::from_bytes(p.to_bytes()); }); break;
        case 5: seen.evict(s, p); break;
        case 6: kept.push_back(places.put(i)); break;
        default:
          if (kept.size() > 4) kept.clear();
          kept.push_back(std::move(p));
      }
    }
    for (const auto& p : kept) seen.count([&]() -> const doubles& { return p.resolve(); });
  });
}

TEST(proxy_stress, everything_at_once) {
  store s("stress", local::connector(), {.inline_bytes = 0});
  board places(s);
  tally seen;
  storm(s, places, seen);
  EXPECT_GT(seen.good, 0U);
  EXPECT_GT(seen.stale, 0U);
  EXPECT_EQ(seen.failed, 0U);
  const metrics m = s.metrics();
  EXPECT_EQ(m.published, places.made());
  EXPECT_EQ(m.evicted, seen.evicted);
  EXPECT_EQ(m.observed_stale, seen.stale) << "each stale access was told to the one who made it";
  EXPECT_EQ(m.failed_resolves, seen.stale);
}

TEST(proxy_stress, everything_at_once_with_a_cache) {
  store s("stress", local::connector(), {.inline_bytes = 0, .cache_bytes = 3 * 1600});
  board places(s);
  tally seen;
  storm(s, places, seen);
  EXPECT_GT(seen.good, 0U);
  EXPECT_EQ(seen.failed, 0U);
  EXPECT_GT(s.metrics().on(path::cached).resolves, 0U);
}

/// A local connector whose every n-th get fails.
class failing_connector final : public test::watched_connector {
 public:
  failing_connector(std::shared_ptr<test::watch> w, int every)
      : watched_connector(std::move(w)), every_(every) {}

  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    if (++gets_ % every_ == 0) return {errc::unreachable, 0, "fail every n-th get"};
    return watched_connector::get(object, where, limits, report);
  }

 private:
  const int every_;
  std::atomic<int> gets_ = 0;
};

std::unique_ptr<connector> failing(int every) {
  return std::make_unique<failing_connector>(std::make_shared<test::watch>(), every);
}

TEST(proxy_stress, everything_at_once_while_every_third_get_fails) {
  store s("stress", failing(3), {.inline_bytes = 0});
  board places(s);
  tally seen;
  storm(s, places, seen);
  EXPECT_GT(seen.good, 0U);
  EXPECT_GT(seen.failed, 0U);
  EXPECT_EQ(s.metrics().failed_resolves, seen.failed + seen.stale);
}

TEST(proxy_stress, a_failure_is_one_access_s_own_and_no_waiter_is_left) {
  for (int every = 2; every <= 5; ++every) {
    store s("failing", failing(every), {.inline_bytes = 0});
    std::atomic<std::uint64_t> failed = 0;
    for (int round = 0; round < 100; ++round) {
      const auto p = s.proxy(doubles(200, round));
      std::array<std::atomic<const doubles*>, thread_count> got{};
      on_all_threads([&](int t) {
        const auto mine = p;
        for (;;) {  // the next access tries again
          try {
            got[static_cast<std::size_t>(t)] = &*mine;
            return;
          } catch (const error& problem) {
            EXPECT_EQ(problem.kind(), errc::unreachable);
            EXPECT_FALSE(mine.resolved() && !whole(*mine));
            ++failed;
          }
        }
      });
      EXPECT_TRUE(p.resolved() && whole(*p));
      for (const auto& target : got) EXPECT_EQ(target, &*p) << "all share the one that succeeded";
    }
    const metrics m = s.metrics();
    EXPECT_EQ(m.on(path::local).resolves, 100U) << "one transfer per proxy";
    EXPECT_EQ(m.failed_resolves, failed);
    EXPECT_EQ(failed, static_cast<std::uint64_t>(99 / (every - 1)))
        << "every n-th get, and no thread besides";
  }
}

TEST(proxy_stress, the_last_copy_may_be_dropped_anywhere) {
  store s("dropped", failing(4), {.inline_bytes = 0});
  on_all_threads([&](int t) {
    for (int round = 0; round < 200; ++round) {
      auto p = s.proxy(doubles(200, t));
      std::optional<std::thread> other;
      other.emplace([q = p]() mutable {
        try {
          EXPECT_TRUE(whole(std::move(q).extract()));
        } catch (const error& problem) {
          EXPECT_TRUE(problem.kind() == errc::unreachable || problem.kind() == errc::stale) << problem.what();
          EXPECT_TRUE(q.valid());  // NOLINT(bugprone-use-after-move): after an error it is as it was
        }
      });
      if (round % 2 == 0) s.evict(p.key());
      p = {};
      other->join();
    }
  });
}

}  // namespace
}  // namespace farhold
