// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Producers that are known and not connected: what they cost, and finding them while more come.
#include <atomic>
#include <thread>
#include <vector>

#include <malloc.h>

#include <gtest/gtest.h>

#include "rma/peers.hpp"
#include "shm_transport.hpp"
#include "whereabouts.hpp"

namespace farhold::shm {
namespace {

using detail::whereabouts;

std::uint64_t incarnation_of(std::size_t i) { return (i + 1) * 0x9E37'79B9'7F4A'7C15U; }

TEST(introductions, cost_at_most_256_bytes_each) {
  constexpr std::size_t count = 50'000;
  detail::shm_transport fabric;
  rma::peers known;
  const auto before = ::mallinfo2();
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(known.introduce(fabric, "4194304.1000.89abcdef", incarnation_of(i)).ok());
  const auto after = ::mallinfo2();
  if (after.uordblks == 0) GTEST_SKIP() << "this allocator does not count";
  const std::size_t used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
  EXPECT_GT(used, count) << "it was measured at all";
  EXPECT_LE(used / count, 256U);
  RecordProperty("bytes_per_introduction", static_cast<int>(used / count));
}

TEST(introductions, are_found_by_readers_that_take_no_lock) {
  constexpr std::size_t count = 20'000;
  detail::shm_transport fabric;
  rma::peers known;
  std::atomic<std::size_t> introduced{0};
  std::atomic<std::size_t> missing{0}, wrong{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      for (std::size_t seen = 0; seen < count;) {
        seen = introduced.load(std::memory_order_acquire);
        for (std::size_t i = seen > 100 ? seen - 100 : 0; i < seen; ++i) {
          const rma::peer* const found = known.find(incarnation_of(i));
          if (found == nullptr) {
            ++missing;
          } else if (found->incarnation() != incarnation_of(i) || found->met()) {
            ++wrong;
          }
        }
      }
    });
  }
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(known.introduce(fabric, "1.2.3", incarnation_of(i)).ok());
    introduced.store(i + 1, std::memory_order_release);
  }
  for (std::thread& r : readers) r.join();
  EXPECT_EQ(missing, 0U);
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(known.find(incarnation_of(count)), nullptr);
}

TEST(introductions, again_change_nothing) {
  detail::shm_transport fabric;
  rma::peers known;
  ASSERT_TRUE(known.introduce(fabric, "1.2.3", 5).ok());
  const rma::peer* const first = known.find(5);
  ASSERT_TRUE(known.introduce(fabric, "4.5.6", 5).ok());
  EXPECT_EQ(known.find(5), first);
  EXPECT_EQ(fabric.address_of(first->id()), "1.2.00000003");
}

TEST(whereabouts, are_parsed_as_hostile) {
  const auto good = whereabouts::parse("123.4.89abcdef");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->pid, 123);
  EXPECT_EQ(good->fd, 4);
  EXPECT_EQ(good->host, 0x89ABCDEFU);
  EXPECT_EQ(good->to_string(), "123.4.89abcdef");
  for (const char* bad : {"",
                          ".",
                          "1",
                          "1.2",
                          "1.2.",
                          "1..3",
                          ".2.3",
                          "1.2.3.",
                          "1.2.3.4",
                          " 1.2.3",
                          "1.2.3 ",
                          "+1.2.3",
                          "-1.2.3",
                          "0.2.3",
                          "1.-2.3",
                          "1.2.-3",
                          "1.2.123456789",
                          "99999999999.2.3",
                          "1.99999999999.3",
                          "1.2.xyz",
                          "a.2.3",
                          "1.2.0x3"})
    EXPECT_FALSE(whereabouts::parse(bad)) << "'" << bad << "'";
  EXPECT_LE(("shm://" + whereabouts{4'194'304, 1'048'576, ~0U}.to_string() + ".0123456789abcdef").size(),
            60U);
}

}  // namespace
}  // namespace farhold::shm
