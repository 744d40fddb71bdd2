// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Publishing, the grace rule, evicting, pins.
#include <array>
#include <limits>
#include <thread>
#include <vector>

#include "blocks_fixture.hpp"

namespace farhold::rma {
namespace {

TEST_F(blocks_test, a_published_object_is_where_its_ticket_says) {
  for (std::uint64_t length = 0; length < 200; ++length) {
    const ticket t = publish(length, length, type_id{length});
    EXPECT_EQ(incarnation, t.incarnation);
    EXPECT_EQ(length, t.length);
    EXPECT_EQ(0U, t.offset % 64) << "aligned for vector loads";
    EXPECT_GE(t.offset, header);
    EXPECT_TRUE(table->in_bounds(t));
    expect_alive(t, length);
  }
}

TEST_F(blocks_test, the_whole_arena_and_one_byte_more) {
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole + 1));
  const ticket t = publish(whole, 3);
  EXPECT_EQ(header, t.offset);
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(0));
  expect_alive(t, 3);
}

TEST_F(blocks_test, lengths_that_overflow_are_refused) {
  for (std::uint64_t less = 0; less < 300; ++less) {
    EXPECT_STATUS(out_of_memory, reserve_and_abandon(std::numeric_limits<std::uint64_t>::max() - less));
  }
  EXPECT_STATUS(ok, reserve_and_abandon(whole));
}

TEST_F(blocks_test, abandoned_room_is_free_at_once) {
  for (int i = 0; i < 100; ++i) ASSERT_OK(reserve_and_abandon(whole));
}

TEST_F(blocks_test, small_objects_can_fill_the_arena) {
  // 64 B of payload and 64 B of trailer: a table with too few slots would leave room unused.
  std::vector<ticket> all;
  std::uint32_t slot = 0;
  byte_span out;
  while (table->reserve(64, 0ns, slot, out).ok()) {
    fill_pattern(out, all.size());
    all.push_back(table->publish(slot, 64, type_id{1}));
  }
  EXPECT_EQ(room / 128, all.size());
  for (std::size_t i = 0; i < all.size(); ++i) expect_alive(all[i], i);
}

// ---- the grace rule

TEST_F(blocks_test, memory_is_not_reused_before_the_grace_period_of_the_given_clock) {
  const ticket t = publish(whole, 1);
  ASSERT_OK(table->evict(t));
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
  std::this_thread::sleep_for(grace + 20ms);  // real time counts for nothing
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
  EXPECT_EQ(0U, count_wrong({memory.span().data() + t.offset, t.length}, 1)) << "untouched until then";
  time.advance(grace - 1ns);
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
  time.advance(1ns);
  EXPECT_STATUS(ok, reserve_and_abandon(whole));
}

TEST_F(blocks_test, a_clock_that_goes_back_frees_nothing) {
  ASSERT_OK(table->evict(publish(whole)));
  time.advance(-1ms);
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
}

TEST_F(blocks_without_grace, memory_is_reused_at_once) {
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_OK(table->evict(publish(whole, i)));
}

TEST_F(blocks_test, each_object_has_its_own_grace_period) {
  const ticket first = publish(1000);
  const ticket second = publish(whole - 1088);
  ASSERT_OK(table->evict(first));
  time.advance(grace / 2);
  ASSERT_OK(table->evict(second));
  time.advance(grace / 2);
  EXPECT_STATUS(ok, reserve_and_abandon(1000));
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(1025)) << "room of the second object, too early";
  time.advance(grace / 2);
  EXPECT_STATUS(ok, reserve_and_abandon(whole));
}

TEST(blocks_order, the_clock_is_read_after_the_trailer_was_cleared) {
  // Read earlier, the stamp would let memory be reused less than a grace period after the last moment at
  // which a reader can have found the object alive (tests/rma/interleaving_test.cpp shows what comes of
  // that).
  struct witness {
    const std::byte* trailer_at = nullptr;
    int alive = 0;
    int dead = 0;
  } seen;
  const clock asks{.read = [](const void* context) noexcept -> std::uint64_t {
                     auto& w = *static_cast<witness*>(const_cast<void*>(context));
                     if (w.trailer_at == nullptr) return 1;
                     ++(load_trailer(w.trailer_at).generation == 0 ? w.dead : w.alive);
                     return 1;
                   },
                   .context = &seen};
  aligned_memory memory(header + room);
  blocks table(memory.span(), header, incarnation, grace, asks);
  std::uint32_t slot = 0;
  byte_span out;
  ASSERT_OK(table.reserve(100, 0ns, slot, out));
  const ticket t = table.publish(slot, 100, type_id{1});
  seen.trailer_at = memory.span().data() + t.offset + trailer_offset(100);
  ASSERT_OK(table.evict(t));
  EXPECT_EQ(0, seen.alive);
  EXPECT_GE(seen.dead, 1);
}

TEST(blocks_order, a_grace_period_without_end_is_no_overflow) {
  aligned_memory memory(header + room);
  blocks table(memory.span(), header, incarnation, std::chrono::nanoseconds::max(), clock{});
  std::uint32_t slot = 0;
  byte_span out;
  ASSERT_OK(table.reserve(whole, 0ns, slot, out));
  ASSERT_OK(table.evict(table.publish(slot, whole, type_id{1})));
  EXPECT_STATUS(out_of_memory, table.reserve(whole, 5ms, slot, out));
  EXPECT_STATUS(out_of_memory, table.reserve(whole, 0ns, slot, out));
}

// ---- evict

TEST_F(blocks_test, the_second_evict_is_stale) {
  const ticket t = publish(100);
  EXPECT_STATUS(ok, table->evict(t));
  EXPECT_STATUS(stale, table->evict(t));
  time.advance(grace);
  const ticket heir = publish(100, 9);
  EXPECT_EQ(t.offset, heir.offset);
  EXPECT_STATUS(stale, table->evict(t));
  expect_alive(heir, 9);
  EXPECT_EQ(1U, table->evicted());
}

TEST_F(blocks_test, evict_ends_the_object_for_every_kind_of_reader) {
  const ticket t = publish(100);
  ASSERT_OK(table->evict(t));
  byte_view payload;
  EXPECT_STATUS(stale, table->pin(t, payload));
  EXPECT_STATUS(stale, compare(load_trailer(trailer_of(t)), t));
  EXPECT_TRUE(nothing_pinned());
}

TEST_F(blocks_without_grace, generations_never_repeat) {
  std::uint64_t last = 0;
  for (int i = 0; i < 100'000; ++i) {
    const ticket t = publish(8);
    ASSERT_GT(t.generation, last);
    last = t.generation;
    ASSERT_OK(table->evict(t));
  }
}

// ---- pins

TEST_F(blocks_test, a_pin_holds_the_memory_beyond_the_grace_period) {
  const ticket t = publish(whole, 4);
  byte_view once, twice;
  ASSERT_OK(table->pin(t, once));
  ASSERT_OK(table->pin(t, twice));
  ASSERT_OK(table->evict(t));
  time.advance(10 * grace);
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
  EXPECT_FALSE(nothing_pinned());
  EXPECT_EQ(0U, count_wrong(once, 4));
  table->unpin(t);
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole));
  EXPECT_EQ(0U, count_wrong(twice, 4));
  table->unpin(t);
  EXPECT_TRUE(nothing_pinned());
  EXPECT_STATUS(ok, reserve_and_abandon(whole));
}

TEST_F(blocks_test, pinned_blocks_do_not_hold_up_others) {
  // Every subset of four evicted blocks is pinned in turn; the others come back, and later the pinned ones
  // too.
  for (unsigned subset = 0; subset < 16; ++subset) {
    SCOPED_TRACE(subset);
    constexpr std::uint64_t quarter = room / 4 - sizeof(trailer);
    std::array<ticket, 4> t;
    byte_view payload;
    for (std::uint64_t i = 0; i < 4; ++i) t[i] = publish(quarter, i);
    for (unsigned i = 0; i < 4; ++i) {
      if ((subset >> i & 1U) != 0) {
        ASSERT_OK(table->pin(t[i], payload));
      }
      ASSERT_OK(table->evict(t[i]));
    }
    time.advance(grace);
    std::vector<ticket> heirs;
    for (unsigned i = 0; i < 4; ++i) {
      if ((subset >> i & 1U) == 0) heirs.push_back(publish(quarter, 10 + i));
    }
    EXPECT_STATUS(out_of_memory, reserve_and_abandon(quarter));
    for (unsigned i = 0; i < 4; ++i) {
      if ((subset >> i & 1U) == 0) continue;
      EXPECT_EQ(0U, count_wrong({memory.span().data() + t[i].offset, quarter}, i));
      table->unpin(t[i]);
    }
    for (const ticket& heir : heirs) ASSERT_OK(table->evict(heir));
    time.advance(grace);
    EXPECT_STATUS(ok, reserve_and_abandon(whole));
  }
}

}  // namespace
}  // namespace farhold::rma
