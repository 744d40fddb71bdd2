// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// All memory of a producer: objects that are adopted, lent or born in place, and further arenas.
#include "rma/arenas.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "residents.hpp"
#include "rma/host.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 100ms;
constexpr std::uint64_t arena_bytes = std::uint64_t{64} << 10U;

class arenas_test : public ::testing::Test {
 protected:
  void open(std::uint64_t limit_bytes = 0) {
    options how;
    how.arena_bytes = arena_bytes;
    how.arena_limit_bytes = limit_bytes;
    how.grace = grace;
    how.time = time.as_clock();
    memory.reset(new arenas(77));  // the one before ends with all that is in it
    ASSERT_OK(memory->open(how));
  }
  void SetUp() override { open(); }
  void TearDown() override {
    if (memory == nullptr) return;
    memory->shut();
    memory->close_resource();
  }

  ticket publish(std::uint64_t length, std::uint64_t seed = 0) {
    reservation room;
    EXPECT_STATUS(ok, memory->reserve(length, deadline(0ns), room));
    fill_pattern(room.memory, seed);
    return memory->publish(room, type_id{1});
  }
  ticket adopt(std::uint64_t length, std::uint64_t seed, bool lent = false) {
    auto* const mine = new user_memory(length, seed, released);
    ticket made;
    EXPECT_STATUS(ok, memory->adopt(mine->as_resident(lent), type_id{1}, made));
    return made;
  }
  ticket bear(std::uint64_t length, std::uint64_t seed) {
    auto* const mine = new user_memory(length, seed, released, memory->resource());
    ticket made;
    EXPECT_STATUS(ok, memory->adopt(mine->as_resident(), type_id{1}, made));
    return made;
  }
  status evict(const ticket& object, std::chrono::nanoseconds patience = 0ns) {
    const deadline until(patience);
    return memory->evict(object, &until);
  }
  void expect_alive(const ticket& object, std::uint64_t seed) {
    const memory_landing_ptr landed = make_landing();
    ASSERT_OK(memory->show(object, *landed));
    EXPECT_EQ(object.length, landed->payload().size());
    EXPECT_EQ(0U, count_wrong(landed->payload(), seed));
  }
  memory_landing_ptr view(const ticket& object) {
    memory_landing_ptr seen = make_landing();
    seen->view = true;
    EXPECT_STATUS(ok, memory->show(object, *seen));
    return seen;
  }
  metrics counters() {
    metrics m;
    memory->collect(m);
    return m;
  }
  std::uint64_t in_use() { return counters().arena_used_bytes; }

  std::atomic<int> released{0};
  fake_time time;
  arenas_ptr memory;
};

// ---- adopted and lent

TEST_F(arenas_test, what_is_adopted_stays_where_it_lies) {
  const ticket t = adopt(10 * arena_bytes, 3);  // larger than the arena: only a trailer is there
  EXPECT_TRUE(t.elsewhere());
  EXPECT_EQ(64U, in_use());
  EXPECT_EQ(10 * arena_bytes, counters().adopted_bytes);
  expect_alive(t, 3);
  EXPECT_EQ(32U, t.to_key().id().size()) << "compact proxies stay small";
  ticket back;
  ASSERT_OK(ticket::from_key(t.to_key(), back));
  EXPECT_TRUE(back.elsewhere());
  expect_alive(back, 3);
}

TEST_F(arenas_test, an_adopted_owner_is_released_after_the_grace_period) {
  const ticket t = adopt(1000, 3);
  ASSERT_OK(evict(t));
  EXPECT_STATUS(stale, memory->show(t, *make_landing()));
  memory->tick();
  EXPECT_EQ(0, released);
  time.advance(grace - 1ns);
  memory->tick();
  EXPECT_EQ(0, released);
  EXPECT_EQ(1000U, counters().adopted_bytes);
  time.advance(1ns);
  memory->tick();
  EXPECT_EQ(1, released);
  EXPECT_EQ(0U, counters().adopted_bytes);
  EXPECT_EQ(0U, in_use());
}

/// Else whoever waits for the counters ends a pool into which an owner is only about to give its memory back.
TEST_F(arenas_test, an_owners_memory_counts_until_the_owner_has_been_released) {
  struct watcher {
    const arenas& memory;
    metrics at_release;
  };
  const std::vector<std::byte> bytes(1000);
  for (const bool lent : {false, true}) {
    watcher watching{*memory, {}};
    const resident object{
        .memory = bytes, .lent = lent, .owner = &watching, .release = [](void* owner) noexcept {
          auto& mine = *static_cast<watcher*>(owner);
          mine.memory.collect(mine.at_release);
        }};
    ticket made;
    ASSERT_OK(memory->adopt(object, type_id{1}, made));
    ASSERT_OK(evict(made));
    time.advance(grace);
    memory->tick();
    EXPECT_EQ(1000U, lent ? watching.at_release.lent_bytes : watching.at_release.adopted_bytes);
    EXPECT_EQ(0U, lent ? counters().lent_bytes : counters().adopted_bytes);
  }
}

TEST_F(arenas_test, a_lent_owner_is_released_by_the_call_that_evicts) {
  const ticket t = adopt(1000, 3, true);
  expect_alive(t, 3);
  EXPECT_EQ(1000U, counters().lent_bytes);
  ASSERT_OK(evict(t));
  EXPECT_EQ(1, released) << "no clock went: nobody need be waited for";
  EXPECT_EQ(0U, counters().lent_bytes);
  EXPECT_STATUS(stale, evict(t));
  EXPECT_EQ(64U, in_use()) << "the trailer has its grace period all the same";
  time.advance(grace);
  publish(1);
  EXPECT_EQ(128U, in_use());
}

TEST_F(arenas_test, a_lender_waits_for_readers_and_no_longer_than_asked) {
  const ticket t = adopt(1000, 3, true);
  byte_view payload;
  ASSERT_OK(memory->pin(t, payload));
  EXPECT_STATUS(timeout, evict(t, 1ms));
  EXPECT_EQ(0, released);
  memory->tick();
  EXPECT_EQ(0, released);
  EXPECT_EQ(0U, count_wrong(payload, 3));
  memory->unpin(t);
  memory->tick();
  EXPECT_EQ(1, released);
}

TEST_F(arenas_test, a_lender_is_woken_by_the_last_reader) {
  const ticket t = adopt(1000, 3, true);
  byte_view payload;
  ASSERT_OK(memory->pin(t, payload));
  std::thread lender([&] {
    EXPECT_STATUS(ok, evict(t, 1h));
    EXPECT_EQ(1, released);
  });
  byte_view none;
  while (memory->pin(t, none).ok()) memory->unpin(t);  // until the object has ended
  EXPECT_EQ(0U, count_wrong(payload, 3));
  EXPECT_EQ(0, released);
  memory->unpin(t);
  lender.join();
}

TEST_F(arenas_test, lent_memory_is_not_viewed) {
  const ticket t = adopt(1000, 3, true);
  const memory_landing_ptr seen = view(t);
  EXPECT_EQ(0, seen->shown);
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  ASSERT_OK(evict(t));
  EXPECT_EQ(1, released);
}

TEST_F(arenas_test, tickets_with_the_wrong_flag_match_nothing) {
  ticket adopted = adopt(1000, 3);
  ticket copied = publish(1000, 4);
  for (ticket* t : {&adopted, &copied}) {
    ticket forged = *t;
    forged.arena ^= ticket::elsewhere_bit;
    byte_view payload;
    EXPECT_STATUS(corrupt, memory->pin(forged, payload));
    EXPECT_STATUS(corrupt, evict(forged));
    for (const std::uint32_t arena : {1U, 63U, 64U, ~ticket::elsewhere_bit}) {
      forged = *t;
      forged.arena = arena | (t->arena & ticket::elsewhere_bit);
      EXPECT_STATUS(corrupt, memory->pin(forged, payload));
      EXPECT_FALSE(memory->in_bounds(forged));
    }
  }
  expect_alive(adopted, 3);
  expect_alive(copied, 4);
}

TEST_F(arenas_test, a_full_arena_leaves_what_was_to_be_adopted_to_its_owner) {
  publish(arena_bytes - 64);
  user_memory mine(1000, 3, released);
  ticket made;
  EXPECT_STATUS(out_of_memory, memory->adopt(mine.as_resident(), type_id{1}, made));
  EXPECT_EQ(0, released);
  EXPECT_EQ(0U, count_wrong(mine.span(), 3));
}

TEST_F(arenas_test, nothing_at_all_can_be_adopted) {
  ticket made;
  ASSERT_OK(memory->adopt({}, type_id{1}, made));
  expect_alive(made, 0);
  ASSERT_OK(evict(made));
}

// ---- views of our own

TEST_F(arenas_test, a_view_keeps_an_adopted_owner) {
  const ticket t = adopt(1000, 3);
  memory_landing_ptr seen = view(t);
  EXPECT_EQ(1, seen->shown);
  EXPECT_EQ(1U, counters().pins_held);
  ASSERT_OK(evict(t));
  time.advance(2 * grace);
  memory->tick();
  EXPECT_EQ(0, released);
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  seen.reset();
  EXPECT_EQ(1, released) << "at once, by whoever looked last";
  EXPECT_EQ(0U, counters().pins_held);
}

TEST_F(arenas_test, memory_is_not_reused_under_a_view) {
  const ticket t = publish(arena_bytes - 64, 3);
  memory_landing_ptr seen = view(t);
  ASSERT_OK(evict(t));
  time.advance(2 * grace);
  reservation room;
  EXPECT_STATUS(out_of_memory, memory->reserve(1, deadline(0ns), room));
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  seen.reset();
  EXPECT_STATUS(ok, memory->reserve(1, deadline(0ns), room));
}

TEST_F(arenas_test, a_container_that_goes_under_a_view_leaves_its_memory_to_the_view) {
  constexpr std::uint64_t length = arena_bytes - 64;
  auto mine = std::make_unique<user_memory>(length, 3, released, memory->resource());
  ticket t;
  ASSERT_OK(memory->adopt({.memory = mine->span(), .born = true}, type_id{1}, t));
  memory_landing_ptr seen = view(t);
  mine.reset();
  EXPECT_STATUS(stale, memory->show(t, *make_landing()));
  time.advance(2 * grace);
  reservation room;
  EXPECT_STATUS(out_of_memory, memory->reserve(1, deadline(0ns), room));
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  seen.reset();
  EXPECT_STATUS(ok, memory->reserve(length, deadline(0ns), room));
}

TEST_F(arenas_test, views_outlive_the_store) {
  memory_landing_ptr copied = view(publish(1000, 3)), adopted = view(adopt(1000, 4)),
                     born = view(bear(1000, 5));
  memory->shut();
  memory->close_resource();
  memory.reset();
  EXPECT_EQ(0, released);
  EXPECT_EQ(0U, count_wrong(copied->payload(), 3));
  EXPECT_EQ(0U, count_wrong(adopted->payload(), 4));
  EXPECT_EQ(0U, count_wrong(born->payload(), 5));
  adopted.reset();
  EXPECT_EQ(1, released);
  born.reset();
  EXPECT_EQ(2, released);
}

TEST_F(arenas_test, its_end_releases_everything) {
  adopt(1000, 1);
  adopt(1000, 2, true);
  memory.reset();
  EXPECT_EQ(2, released);
}

TEST_F(arenas_test, shutting_releases_everything_without_a_clock) {
  const ticket early = adopt(1000, 1);
  adopt(1000, 2);
  adopt(1000, 3, true);
  bear(1000, 4);
  ASSERT_OK(evict(early));
  EXPECT_EQ(0, released);
  memory->end_lent();
  EXPECT_EQ(1, released);
  memory->shut();
  EXPECT_EQ(4, released);
}

// ---- born in place

TEST_F(arenas_test, what_is_born_in_the_arena_is_published_there) {
  const ticket t = bear(1000, 3);
  EXPECT_FALSE(t.elsewhere());
  const byte_view segment = memory->first().memory();
  EXPECT_EQ(0U, count_wrong(segment.subspan(t.offset, 1000), 3));
  EXPECT_STATUS(ok, compare(load_trailer(segment.data() + trailer_place(t)), t));
  expect_alive(t, 3);
  ASSERT_OK(evict(t));
  time.advance(grace);
  memory->tick();
  EXPECT_EQ(1, released);
  EXPECT_EQ(0U, in_use());
}

TEST_F(arenas_test, containers_grow_in_the_arena_and_are_adopted_with_room_to_spare) {
  using container = std::pmr::vector<double>;
  auto* const field = new container(memory->resource());
  for (int i = 0; i < 1000; ++i) field->push_back(i);
  EXPECT_GT(field->capacity(), 1000U);
  ticket t;
  ASSERT_OK(memory->adopt({.memory = std::as_bytes(std::span(*field)),
                           .born = true,
                           .owner = field,
                           .release = [](void* owner) noexcept { delete static_cast<container*>(owner); }},
                          type_id{1}, t));
  EXPECT_FALSE(t.elsewhere());
  const memory_landing_ptr landed = make_landing();
  ASSERT_OK(memory->show(t, *landed));
  std::array<double, 1000> expected{};
  std::iota(expected.begin(), expected.end(), 0.0);
  EXPECT_EQ(0, std::memcmp(expected.data(), landed->payload().data(), sizeof expected));
  ASSERT_OK(evict(t));
  time.advance(grace);
  memory->tick();
  EXPECT_EQ(0U, in_use());
}

TEST_F(arenas_test, what_cannot_be_published_in_place_is_published_elsewhere) {
  user_memory mine(1000, 3, released, memory->resource());
  const auto only = [&](byte_view bytes, bool lent = false) {
    return resident{.memory = bytes, .lent = lent, .born = true};
  };
  ticket first, again, middle, lent;
  ASSERT_OK(memory->adopt(only(mine.span()), type_id{1}, first));
  ASSERT_OK(memory->adopt(only(mine.span()), type_id{1}, again));
  ASSERT_OK(memory->adopt(only(mine.span().subspan(64)), type_id{1}, middle));
  ASSERT_OK(memory->adopt(only(mine.span(), true), type_id{1}, lent));
  EXPECT_FALSE(first.elsewhere());
  EXPECT_TRUE(again.elsewhere()) << "there is one trailer only";
  EXPECT_TRUE(middle.elsewhere());
  EXPECT_TRUE(lent.elsewhere()) << "wanted back before a fabric is done with it";
  expect_alive(first, 3);
  expect_alive(again, 3);
  for (const ticket& t : {first, again, middle, lent}) ASSERT_OK(evict(t));
  time.advance(grace);
  memory->tick();
  ASSERT_OK(memory->adopt(only(mine.span()), type_id{1}, again));
  EXPECT_FALSE(again.elsewhere()) << "its first life is over";
  ASSERT_OK(evict(again));
}

TEST_F(arenas_test, a_container_that_goes_ends_its_object) {
  ticket t;
  {
    user_memory mine(1000, 3, released, memory->resource());
    ASSERT_OK(memory->adopt({.memory = mine.span(), .born = true}, type_id{1}, t));
  }
  EXPECT_STATUS(stale, memory->show(t, *make_landing()));
  EXPECT_GT(in_use(), 0U) << "readers are given their grace period";
  time.advance(grace);
  publish(0);
  EXPECT_EQ(64U, in_use());
}

TEST_F(arenas_test, a_full_arena_is_bad_alloc) {
  std::pmr::vector<std::byte> small(100, memory->resource());
  EXPECT_THROW(small.resize(2 * arena_bytes), std::bad_alloc);
  EXPECT_EQ(100U, small.size());
  EXPECT_THROW(static_cast<void>(memory->resource()->allocate(1, 128)), std::bad_alloc);
}

TEST_F(arenas_test, containers_may_outlive_the_store) {
  std::pmr::vector<int> full(100, 7, memory->resource()), empty(memory->resource());
  memory->shut();
  memory->close_resource();
  memory.reset();
  EXPECT_EQ(7, full[99]);
  EXPECT_THROW(empty.resize(1), std::bad_alloc);
  full.clear();
  full.shrink_to_fit();
  EXPECT_THROW(full.resize(1), std::bad_alloc);
}

// ---- further arenas

TEST_F(arenas_test, more_arenas_are_made_up_to_the_limit) {
  open(4 * arena_bytes);
  std::vector<ticket> all;
  reservation room;
  constexpr std::uint64_t length = arena_bytes / 4 - 64;
  while (memory->reserve(length, deadline(0ns), room).ok()) {
    fill_pattern(room.memory, all.size());
    all.push_back(memory->publish(room, type_id{1}));
  }
  EXPECT_EQ(16U, all.size());
  EXPECT_EQ(4 * arena_bytes, counters().arena_bytes);
  EXPECT_EQ(3U, counters().arenas) << "each as large as those before together";
  EXPECT_EQ(0U, all.front().arena);
  EXPECT_EQ(2U, all.back().arena);
  for (std::size_t i = 0; i < all.size(); ++i) expect_alive(all[i], i);
  // What readers are told.
  const segment_header& header = memory->first().header();
  EXPECT_EQ(3U, header.arena_count);
  EXPECT_EQ(arena_bytes + 4096, header.arenas[1].segment_bytes);
  EXPECT_EQ(2 * arena_bytes + 4096, header.arenas[2].segment_bytes);

  ASSERT_OK(evict(all[9]));
  EXPECT_STATUS(out_of_memory, memory->reserve(length, deadline(0ns), room)) << "in its grace period";
  time.advance(grace);
  ASSERT_OK(memory->reserve(length, deadline(0ns), room));
  EXPECT_GT(memory->publish(room, type_id{1}).generation, all[9].generation);
}

TEST_F(arenas_test, an_object_larger_than_an_arena_gets_one_of_its_own) {
  open(4 * arena_bytes);
  const ticket t = publish(2 * arena_bytes + 1, 3);
  EXPECT_EQ(1U, t.arena);
  expect_alive(t, 3);
  reservation room;
  EXPECT_STATUS(out_of_memory, memory->reserve(2 * arena_bytes, deadline(0ns), room));
  EXPECT_STATUS(out_of_memory, memory->reserve(~std::uint64_t{0}, deadline(0ns), room));
  EXPECT_EQ(2U, counters().arenas);
}

TEST_F(arenas_test, a_limit_that_the_host_cannot_keep_is_found_out_when_it_is_needed) {
  const std::uint64_t available = available_memory_bytes();
  ASSERT_LT(available, std::uint64_t{1} << 60U) << "this host does not say what it has, in /proc/meminfo";
  open(8 * available);
  reservation room;
  EXPECT_STATUS(out_of_memory, memory->reserve(4 * available, deadline(0ns), room));
  EXPECT_EQ(1U, counters().arenas);
  publish(arena_bytes);
  EXPECT_EQ(2U, counters().arenas) << "as much as is needed";
}

TEST_F(arenas_test, the_largest_object_fits) {
  for (const std::uint64_t limit : {std::uint64_t{0}, arena_bytes + 4096, 4 * arena_bytes}) {
    open(limit);
    EXPECT_EQ(std::max(arena_bytes, limit - std::min(limit, arena_bytes)) - 64,
              memory->largest_object_bytes());
    reservation room;
    EXPECT_STATUS(out_of_memory, memory->reserve(memory->largest_object_bytes() + 1, deadline(0ns), room));
    publish(memory->largest_object_bytes());
  }
}

TEST_F(arenas_test, many_threads_grow_it_together) {
  open(64 * arena_bytes);
  std::array<std::vector<ticket>, 4> all;
  std::vector<std::thread> threads;
  for (auto& mine : all) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 100; ++i) {
        reservation room;
        ASSERT_OK(memory->reserve(8000, deadline(10s), room));
        fill_pattern(room.memory, i);
        mine.push_back(memory->publish(room, type_id{1}));
      }
    });
  }
  for (std::thread& one : threads) one.join();
  for (const auto& mine : all) {
    for (std::size_t i = 0; i < mine.size(); ++i) expect_alive(mine[i], i);
  }
}

}  // namespace
}  // namespace farhold::rma
