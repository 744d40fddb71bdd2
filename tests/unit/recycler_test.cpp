// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/recycler.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace farhold::detail {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

std::uint64_t from_system() { return count_recycled().from_system; }

void write_all(const recycled_memory& memory) {
  std::memset(memory.data(), 0x5A, memory.size_bytes() + recycled_memory::spare_bytes);
}

TEST(recycler, gives_room_and_spare_bytes) {
  for (const std::size_t size :
       {0U, 1U, 255U, 256U, 257U, 320U, 321U, 4096U, 4097U, 1U << 20U, (1U << 20U) + 1}) {
    const recycled_memory memory(size);
    ASSERT_NE(memory.data(), nullptr);
    EXPECT_GE(memory.size_bytes(), size);
    EXPECT_LE(memory.size_bytes(), std::max<std::size_t>(256, size + size / 4));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 64, 0U);
    write_all(memory);
  }
  EXPECT_EQ(recycled_memory(4096).size_bytes(), 4096U) << "powers of two are met exactly";
}

TEST(recycler, says_when_there_is_none) {
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 200, SIZE_MAX / 2, SIZE_MAX / 4}) {
    const recycled_memory none(size);
    EXPECT_EQ(none.data(), nullptr);
    EXPECT_EQ(none.size_bytes(), 0U);
  }
}

TEST(recycler, is_asked_again_and_again) {
  const std::byte* first = nullptr;
  {
    const recycled_memory memory(10'000);
    first = memory.data();
  }
  const auto before = from_system();
  for (int i = 0; i < 1000; ++i) {
    const recycled_memory memory(10'000 - static_cast<std::size_t>(i % 100));
    ASSERT_EQ(memory.data(), first);
    write_all(memory);
  }
  EXPECT_EQ(from_system(), before);
}

TEST(recycler, moves) {
  recycled_memory a(1000);
  const std::byte* const memory = a.data();
  recycled_memory b(std::move(a));
  EXPECT_EQ(a.data(), nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.data(), memory);
  recycled_memory c(5000);
  c = std::move(b);
  EXPECT_EQ(c.data(), memory);
  recycled_memory& same = c;
  c = std::move(same);
  EXPECT_EQ(c.data(), memory);
  c = {};
  EXPECT_EQ(c.data(), nullptr);
  EXPECT_EQ(recycled_memory(1000).data(), memory);
}

TEST(recycler, a_thread_keeps_so_much_and_others_use_the_rest) {
  constexpr std::size_t pieces = 100;
  {
    std::vector<recycled_memory> many;
    for (std::size_t i = 0; i < pieces; ++i) many.emplace_back(mebibyte);
  }
  const recycler_counts kept = count_recycled();
  EXPECT_LE(kept.kept_by_this_thread, 64 * mebibyte);
  EXPECT_GE(kept.kept_by_this_thread + kept.kept_by_all, pieces * mebibyte);
  std::vector<recycled_memory> again;
  for (std::size_t i = 0; i < pieces; ++i) again.emplace_back(mebibyte);
  EXPECT_EQ(from_system(), kept.from_system);
}

TEST(recycler, large_pieces_are_shared_and_huge_ones_are_not_kept) {
  { const recycled_memory large(100 * mebibyte); }
  const recycler_counts kept = count_recycled();
  EXPECT_GE(kept.kept_by_all, 100 * mebibyte);
  std::thread([] { const recycled_memory large(100 * mebibyte); }).join();
  EXPECT_EQ(from_system(), kept.from_system) << "another thread took it";
  const auto before = count_recycled();
  {
    const recycled_memory huge(600 * mebibyte);  // never touched
  }
  EXPECT_EQ(count_recycled().to_system, before.to_system + 1);
  EXPECT_EQ(count_recycled().kept_by_all, before.kept_by_all);
}

TEST(recycler, what_is_shared_is_bounded) {
  std::vector<recycled_memory> large(7);
  for (recycled_memory& memory : large) memory = recycled_memory(100 * mebibyte);
  large.clear();
  EXPECT_LE(count_recycled().kept_by_all, 512 * mebibyte);
  EXPECT_GE(count_recycled().kept_by_all, 100 * mebibyte) << "and it goes on keeping";
}

TEST(recycler, a_thread_that_ends_gives_all_back) {
  const auto before = count_recycled();
  std::thread([] {
    for (int i = 0; i < 10; ++i) const recycled_memory memory(3000);
    EXPECT_GT(count_recycled().kept_by_this_thread, 0U);
  }).join();
  const auto after = count_recycled();
  EXPECT_EQ(after.from_system, before.from_system + 1);
  EXPECT_EQ(after.to_system, before.to_system + 1);
}

TEST(recycler, memory_may_be_let_go_by_another_thread) {
  recycled_memory travelling(7777);
  write_all(travelling);
  std::thread([&] {
    const recycled_memory mine(std::move(travelling));
    write_all(mine);
  }).join();
  EXPECT_EQ(travelling.data(), nullptr);
}

/// Lives in a thread's storage, and asks when the thread's cache is gone: it was made before the cache.
struct late {
  recycled_memory held;
  ~late() {
    held = {};
    const recycled_memory another(5000);
    if (another.data() != nullptr) write_all(another);
  }
};

TEST(recycler, works_until_the_very_end_of_a_thread) {
  const auto before = count_recycled();
  std::thread([] {
    thread_local late last;
    last.held = recycled_memory(5000);
  }).join();
  const auto after = count_recycled();
  EXPECT_GE(after.from_system, before.from_system + 1);
}

TEST(recycler, many_threads_hand_memory_around) {
  constexpr int threads = 4, rounds = 2000;
  std::vector<std::thread> all;
  std::array<std::mutex, 8> mutexes;
  std::array<recycled_memory, 8> places;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        const auto at = static_cast<std::size_t>(i * 7 + t) % places.size();
        recycled_memory mine(static_cast<std::size_t>(i % 40) * 1000);
        ASSERT_NE(mine.data(), nullptr);
        mine.data()[0] = std::byte{1};
        const std::scoped_lock lock(mutexes[at]);
        mine.swap(places[at]);
      }
    });
  }
  for (std::thread& t : all) t.join();
}

}  // namespace
}  // namespace farhold::detail
