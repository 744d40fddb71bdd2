// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Tickets from anywhere, and an arena without room.
#include <array>
#include <limits>
#include <thread>

#include "blocks_fixture.hpp"

namespace farhold::rma {
namespace {

// ---- tickets from anywhere

TEST_F(blocks_test, tickets_that_do_not_match_end_nothing_and_pin_nothing) {
  const ticket mine = publish(1000, 6);
  const auto with = [&](auto change) {
    ticket t = mine;
    change(t);
    return t;
  };
  const std::array hostile{
      with([](ticket& t) { t.slot = std::numeric_limits<std::uint32_t>::max(); }),
      with([](ticket& t) { t.slot = 1U << 22U; }),
      with([](ticket& t) { t.slot = 40; }),
      with([](ticket& t) { t.generation += 1; }),
      with([](ticket& t) { t.generation = 0; }),
      with([](ticket& t) { t.incarnation ^= 1; }),
      with([](ticket& t) { t.offset += 64; }),
      with([](ticket& t) { t.length += 1; }),
      with([](ticket& t) { t.length = std::numeric_limits<std::uint64_t>::max(); }),
      with([](ticket& t) { t.type.value ^= 1; }),
  };
  for (const ticket& t : hostile) {
    byte_view payload;
    EXPECT_FALSE(table->pin(t, payload).ok());
    EXPECT_FALSE(table->evict(t).ok());
    EXPECT_TRUE(nothing_pinned());
    expect_alive(mine, 6);
  }
  EXPECT_EQ(0U, table->evicted());
}

TEST_F(blocks_without_grace, generation_zero_matches_no_slot_in_any_state) {
  // A slot without an object has generation 0: unused, reserved, evicted, or merged into another.
  const ticket evicted = publish(1000, 1);
  const ticket alive = publish(1000, 2);
  ASSERT_OK(table->evict(evicted));
  std::uint32_t reserved = 0;
  byte_span out;
  ASSERT_OK(table->reserve(1000, 0ns, reserved, out));  // reuses the evicted one's memory
  fill_pattern(out, 3);
  for (std::uint32_t slot = 0; slot < 50; ++slot) {
    if (slot == alive.slot) continue;
    ticket t = evicted;
    t.generation = 0;
    t.slot = slot;
    byte_view payload;
    EXPECT_FALSE(table->pin(t, payload).ok()) << slot;
    EXPECT_FALSE(table->evict(t).ok()) << slot;
  }
  EXPECT_EQ(0U, count_wrong(out, 3)) << "what is being written is nobody's to touch";
  const ticket published = table->publish(reserved, 1000, type_id{1});
  expect_alive(published, 3);
  expect_alive(alive, 2);
  ASSERT_OK(table->evict(published));
  ASSERT_OK(table->evict(alive));
  EXPECT_STATUS(ok, reserve_and_abandon(whole)) << "nothing was freed twice or lost";
}

TEST_F(blocks_test, bounds) {
  constexpr std::uint64_t end = header + room;
  const auto inside = [&](std::uint64_t offset, std::uint64_t length, std::uint32_t arena = 0) {
    ticket t;
    t.offset = offset;
    t.length = length;
    t.arena = arena;
    return table->in_bounds(t);
  };
  EXPECT_TRUE(inside(header, whole));
  EXPECT_FALSE(inside(header, whole + 1));
  EXPECT_FALSE(inside(header, whole, 1));
  EXPECT_FALSE(inside(header - 64, 0));
  EXPECT_FALSE(inside(0, 0));
  EXPECT_TRUE(inside(end - 64, 0));
  EXPECT_FALSE(inside(end - 64, 1));
  EXPECT_FALSE(inside(end, 0));
  EXPECT_FALSE(inside(header + 8, 8)) << "no block begins there";
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t less = 0; less < 200; ++less) {
    EXPECT_FALSE(inside(header, huge - less));
    EXPECT_FALSE(inside(huge - less, 0));
    EXPECT_FALSE(inside(huge - less, huge - less));
    EXPECT_FALSE(inside(huge - less, less));
  }
}

// ---- waiting for room

TEST(blocks_waiting, a_full_arena_waits_for_evicted_memory) {
  // A clock that goes on by a third of the grace period whenever it is read.
  fake_time time;
  const clock goes_on{.read =
                          [](const void* context) noexcept {
                            auto& t = *static_cast<fake_time*>(const_cast<void*>(context));
                            t.advance(grace / 3);
                            return t.now();
                          },
                      .context = &time};
  aligned_memory memory(header + room);
  blocks table(memory.span(), header, incarnation, grace, goes_on);
  std::uint32_t slot = 0;
  byte_span out;
  ASSERT_OK(table.reserve(whole, 0ns, slot, out));
  ASSERT_OK(table.evict(table.publish(slot, whole, type_id{1})));
  EXPECT_STATUS(ok, table.reserve(whole, 1h, slot, out));
}

TEST_F(blocks_test, a_full_arena_waits_no_longer_than_the_grace_period) {
  ASSERT_OK(table->evict(publish(whole)));
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(whole, 1h));  // the clock stands: only the limit ends this
}

TEST(blocks_waiting, a_full_arena_waits_no_longer_than_the_timeout) {
  aligned_memory memory(header + room);
  blocks table(memory.span(), header, incarnation, 1h, clock{});
  std::uint32_t slot = 0;
  byte_span out;
  ASSERT_OK(table.reserve(whole, 0ns, slot, out));
  ASSERT_OK(table.evict(table.publish(slot, whole, type_id{1})));
  EXPECT_STATUS(out_of_memory, table.reserve(whole, 5ms, slot, out));
  EXPECT_STATUS(out_of_memory, table.reserve(whole, -5ms, slot, out));
}

TEST_F(blocks_test, a_full_arena_of_live_objects_waits_not_at_all) {
  publish(whole);
  // With the clock standing still it would wait for a grace period; the timeout of an hour would show.
  EXPECT_STATUS(out_of_memory, reserve_and_abandon(1, 1h));
}

TEST_F(blocks_test, an_unpin_wakes_a_waiting_reserve) {
  aligned_memory other(header + room);
  blocks patient(other.span(), header, incarnation, 1h, time.as_clock());
  std::uint32_t slot = 0;
  byte_span out;
  ASSERT_OK(patient.reserve(whole, 0ns, slot, out));
  const ticket t = patient.publish(slot, whole, type_id{1});
  byte_view payload;
  ASSERT_OK(patient.pin(t, payload));
  ASSERT_OK(patient.evict(t));
  time.advance(1h);
  std::thread later([&] {
    std::this_thread::sleep_for(5ms);
    patient.unpin(t);
  });
  EXPECT_STATUS(ok, patient.reserve(whole, 1h, slot, out));
  later.join();
}

TEST_F(blocks_test, waiting_for_pins_ends_with_the_last_unpin_or_the_deadline) {
  const ticket t = publish(100);
  byte_view payload;
  ASSERT_OK(table->pin(t, payload));
  EXPECT_FALSE(table->wait_unpinned(deadline(5ms)));
  std::thread later([&] {
    std::this_thread::sleep_for(5ms);
    table->unpin(t);
  });
  EXPECT_TRUE(table->wait_unpinned(deadline(1h)));
  later.join();
}

}  // namespace
}  // namespace farhold::rma
