// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Views of another process's memory, with everything that can become of either side, and what is read by CMA.
#include <string>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "peer_process.hpp"
#include "residents.hpp"
#include "rma/arenas.hpp"
#include "rma/consumer.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t arena_bytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t whole = arena_bytes - 64;

/// A producer in this process.
class own_memory {
 public:
  explicit own_memory(std::chrono::nanoseconds grace = 0ns) {
    options how;
    how.arena_bytes = arena_bytes;
    how.grace = grace;
    EXPECT_STATUS(ok, memory->open(how));
  }
  ticket publish(std::uint64_t length, std::uint64_t seed) {
    reservation room;
    EXPECT_STATUS(ok, memory->reserve(length, deadline(0ns), room));
    fill_pattern(room.memory, seed);
    return memory->publish(room, type_id{1});
  }
  bool has_room(std::uint64_t length) {
    reservation room;
    if (!memory->reserve(length, deadline(0ns), room).ok()) return false;
    memory->abandon(room.handle);
    return true;
  }
  [[nodiscard]] const card& description() const { return memory->first().description(); }

  arenas_ptr memory{new arenas(random_number())};
};

/// A consumer in this process.
memory_landing_ptr view(mapping& from, const ticket& object, errc expected = errc::ok) {
  memory_landing_ptr seen = make_landing();
  seen->view = true;
  const byte_view segment = from.arena(object.arena_index());
  const status s =
      show_mapped(segment.subspan(object.offset, block_bytes(object.length)), object, from, *seen);
  EXPECT_EQ(expected, s.code) << s.where;
  return seen;
}

// ---- consumers in other processes

TEST(views, of_another_process_keep_memory) {
  own_memory mine;
  const ticket t = mine.publish(whole, 3);
  peer_process reader;
  ASSERT_EQ("ok", reader.view(mine.description(), t));
  ASSERT_OK(mine.memory->evict(t));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(mine.has_room(1));
  EXPECT_EQ("0", reader.ask("wrong 3"));
  EXPECT_EQ("done", reader.ask("drop"));
  EXPECT_TRUE(mine.has_room(whole));
}

TEST(views, of_a_killed_process_give_memory_back) {
  own_memory mine;
  const ticket t = mine.publish(whole, 3);
  peer_process reader, other;
  ASSERT_EQ("ok", reader.view(mine.description(), t));
  ASSERT_EQ("ok", other.view(mine.description(), t));
  ASSERT_OK(mine.memory->evict(t));
  EXPECT_FALSE(mine.has_room(1));
  reader.stop();
  EXPECT_FALSE(mine.has_room(1)) << "stopped is not dead";
  reader.kill();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(mine.has_room(1)) << "the other one still looks";
  EXPECT_EQ("0", other.ask("wrong 3"));
  other.kill();
  while (!mine.has_room(whole)) std::this_thread::yield();  // the kernel is asked now and then
}

TEST(views, of_another_process_keep_memory_that_its_user_gave_back) {
  own_memory mine;
  std::atomic<int> released{0};
  auto users = std::make_unique<user_memory>(whole, 3, released, mine.memory->resource());
  ticket t;
  ASSERT_OK(mine.memory->adopt({.memory = users->span(), .born = true}, type_id{1}, t));
  peer_process reader;
  ASSERT_EQ("ok", reader.view(mine.description(), t));
  users.reset();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(mine.has_room(1));
  EXPECT_EQ("0", reader.ask("wrong 3"));
  EXPECT_EQ("stale", reader.view(mine.description(), t));
  EXPECT_EQ("done", reader.ask("drop"));
  EXPECT_TRUE(mine.has_room(whole));
}

TEST(views, only_of_what_is_alive) {
  own_memory mine(1h);
  const ticket t = mine.publish(1000, 3);
  ASSERT_OK(mine.memory->evict(t));
  peer_process reader;
  EXPECT_EQ("stale", reader.view(mine.description(), t));
  ticket forged = mine.publish(1000, 4);
  forged.length -= 8;
  EXPECT_EQ("stale", reader.view(mine.description(), forged)) << "no trailer is there";
  forged.length += 8;
  forged.type.value ^= 1;
  EXPECT_EQ("corrupt", reader.view(mine.description(), forged));
}

// ---- producers in other processes

TEST(views, stay_when_their_producer_is_killed) {
  peer_process producer;
  const ticket t = producer.publish(100'000, 3);
  mapping_ptr from = mapping::open(producer.description);
  ASSERT_NE(nullptr, from);
  memory_landing_ptr seen = view(*from, t);
  EXPECT_EQ(1U, from->pins_held());
  from.reset();  // as when the store is closed here
  producer.kill();
  producer.reap();
  ASSERT_EQ(1, seen->shown);
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  seen.reset();
}

TEST(views, stay_when_their_producer_closes) {
  peer_process producer;
  const ticket t = producer.publish(1000, 3);
  mapping_ptr from = mapping::open(producer.description);
  memory_landing_ptr seen = view(*from, t);
  EXPECT_FALSE(from->closed());
  ASSERT_EQ("done", producer.ask("shut"));
  EXPECT_TRUE(from->closed());
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
}

TEST(views, what_was_born_in_place_is_seen_and_kept) {
  peer_process producer(arena_bytes, 0);
  const ticket t = producer.publish(whole, 3, "born");
  const mapping_ptr from = mapping::open(producer.description);
  memory_landing_ptr seen = view(*from, t);
  ASSERT_EQ("ok", producer.evict(t));
  EXPECT_EQ("0", producer.ask("released"));
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
  seen.reset();
  EXPECT_EQ("1", producer.ask("released"));
  EXPECT_EQ(0U, from->pins_held());
}

TEST(views, later_arenas_are_mapped_when_they_are_needed) {
  peer_process producer(arena_bytes, 0, 4 * arena_bytes);
  const mapping_ptr from = mapping::open(producer.description);
  EXPECT_TRUE(from->arena(1).empty());
  const ticket first = producer.publish(whole, 1), second = producer.publish(whole, 2);
  EXPECT_EQ(1U, second.arena);
  EXPECT_EQ(0U, count_wrong(view(*from, first)->payload(), 1));
  EXPECT_EQ(0U, count_wrong(view(*from, second)->payload(), 2));
  EXPECT_TRUE(from->arena(2).empty());
  EXPECT_TRUE(from->arena(64).empty());
  EXPECT_TRUE(from->arena(~0U).empty());
}

TEST(views, segments_for_pins_that_are_not_are_refused_and_bytes_are_copied) {
  for (const char* what : {"pins_magic", "pins_size"}) {
    peer_process producer;
    const ticket t = producer.publish(1000, 3);
    ASSERT_EQ("done", producer.ask(std::string("spoil ") + what));
    const mapping_ptr from = mapping::open(producer.description);
    ASSERT_NE(nullptr, from);
    EXPECT_EQ(0, view(*from, t, errc::unsupported)->shown) << what;
    EXPECT_EQ(0U, from->pins_held());
  }
}

TEST(views, a_full_lane_is_a_copy) {
  peer_process producer;
  const ticket t = producer.publish(1000, 3);
  const mapping_ptr from = mapping::open(producer.description);
  std::vector<memory_landing_ptr> all;
  for (std::uint32_t i = 0; i < pin_layout::entries; ++i) all.push_back(view(*from, t));
  EXPECT_EQ(pin_layout::entries, from->pins_held());
  EXPECT_EQ(0, view(*from, t, errc::unsupported)->shown);
  all.clear();
  EXPECT_EQ(1, view(*from, t)->shown);
}

TEST(views, in_a_forked_child_are_the_parents) {
  own_memory mine;
  const ticket t = mine.publish(whole, 3);
  const mapping_ptr from = mapping::open(mine.description());
  memory_landing_ptr seen = view(*from, t);
  const pid_t child = ::fork();
  if (child == 0) {
    seen.reset();  // as at exit
    ::_exit(0);
  }
  int how = 0;
  ASSERT_EQ(child, ::waitpid(child, &how, 0));
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  ASSERT_OK(mine.memory->evict(t));
  EXPECT_FALSE(mine.has_room(1));
  EXPECT_EQ(0U, count_wrong(seen->payload(), 3));
}

// ---- adopted memory of another process

class adopted : public ::testing::TestWithParam<same_host> {
 protected:
  status read(const ticket& object, memory_landing& where) {
    const auto look = [&](trailer& out) noexcept {
      if (from.map() != nullptr) {
        out = load_shared_trailer(from.mapped(object.arena_index()).data() + trailer_place(object));
        return status{};
      }
      segment_entry segment;
      if (const status s = from.find(object.arena_index(), segment); !s.ok()) return s;
      return from.read_at(segment.base_address + trailer_place(object), reinterpret_cast<std::byte*>(&out),
                          sizeof out);
    };
    return read_elsewhere(object, where, counters, look,
                          [&](std::uint64_t address, std::byte* to, std::uint64_t bytes) noexcept {
                            if (before_payload) before_payload();
                            const status s = from.read_at(address, to, bytes);
                            if (after_payload) after_payload();
                            return s;
                          });
  }
  void SetUp() override {
    FARHOLD_NEEDS_CMA();
    static_cast<void>(from.attach(producer.description, GetParam()));
    ASSERT_TRUE(from.has_cma());
    EXPECT_EQ(GetParam() == same_host::automatic, from.map() != nullptr);
  }

  peer_process producer{arena_bytes, 0, 4 * arena_bytes};
  peer_memory from;
  read_counters counters;
  std::function<void()> before_payload, after_payload;
};

INSTANTIATE_TEST_SUITE_P(access, adopted, ::testing::Values(same_host::automatic, same_host::cma),
                         [](const auto& wish) { return wish.param == same_host::cma ? "cma" : "mapped"; });

TEST_P(adopted, is_read_where_it_lies) {
  for (const char* how : {"adopt", "lend"}) {
    for (const std::uint64_t length : {0U, 1U, 63U, 64U, 1'000'000U}) {
      const ticket t = producer.publish(length, length, how);
      EXPECT_TRUE(t.elsewhere());
      const memory_landing_ptr landed = make_landing();
      EXPECT_STATUS(ok, read(t, *landed));
      EXPECT_EQ(0U, count_wrong(landed->payload().first(length), length));
      ASSERT_EQ("ok", producer.evict(t));
      EXPECT_STATUS(stale, read(t, *landed));
    }
  }
}

TEST_P(adopted, is_stale_when_it_ended_before_or_after_the_payload_was_read) {
  for (const char* how : {"adopt", "lend"}) {
    for (auto* const moment : {&before_payload, &after_payload}) {
      const ticket t =
          producer.publish(5'000'000, 3, how);  // its pages go back to the kernel when it is freed
      *moment = [&] {
        EXPECT_EQ("ok", producer.evict(t));
        EXPECT_NE("0", producer.ask("released"));
      };
      EXPECT_STATUS(stale, read(t, *make_landing()));
      *moment = nullptr;
    }
  }
  EXPECT_EQ(4U, counters.reused_during_read);
}

TEST_P(adopted, forged_tickets_bring_nothing) {
  const ticket t = producer.publish(1000, 3, "adopt");
  const ticket plain = producer.publish(1000, 4);
  const auto with = [](ticket forged, auto change) {
    change(forged);
    return forged;
  };
  const memory_landing_ptr landed = make_landing();
  EXPECT_STATUS(corrupt, read(with(t, [](ticket& f) { f.length = 1ULL << 50U; }), *landed));
  EXPECT_STATUS(corrupt, read(with(t, [](ticket& f) { f.length -= 1; }), *landed));
  EXPECT_STATUS(corrupt, read(with(t, [](ticket& f) { f.type.value ^= 1; }), *landed));
  EXPECT_STATUS(stale, read(with(t, [](ticket& f) { f.generation += 1; }), *landed));
  EXPECT_STATUS(stale, read(with(t, [](ticket& f) { f.offset += 64; }), *landed));
  EXPECT_STATUS(stale, read(with(plain, [](ticket& f) { f.arena |= ticket::elsewhere_bit; }), *landed));
  EXPECT_EQ(0, landed->prepared) << "no memory is taken for what a ticket says by itself";
  EXPECT_STATUS(ok, read(t, *landed));
}

TEST_P(adopted, memory_that_is_not_there_is_an_error) {
  const ticket t = producer.publish(1000, 3, "adopt");
  trailer found;
  segment_entry segment;
  ASSERT_OK(from.find(0, segment));
  ASSERT_OK(from.read_at(segment.base_address + trailer_place(t), reinterpret_cast<std::byte*>(&found),
                         sizeof found));
  std::array<std::byte, 100> bytes{};
  EXPECT_STATUS(ok, from.read_at(found.address, bytes.data(), bytes.size()));
  EXPECT_STATUS(corrupt, from.read_at(1ULL << 46U, bytes.data(), bytes.size()));
}

TEST_P(adopted, in_a_later_arena_and_of_a_store_that_closes) {
  static_cast<void>(producer.publish(whole, 1));
  const ticket t = producer.publish(1000, 3, "adopt");
  EXPECT_EQ(1U, t.arena_index());
  const memory_landing_ptr landed = make_landing();
  ASSERT_OK(read(t, *landed));
  EXPECT_EQ(0U, count_wrong(landed->payload(), 3));
  segment_entry none;
  EXPECT_STATUS(corrupt, from.find(2, none));
  EXPECT_STATUS(corrupt, from.find(64, none));
  ASSERT_EQ("done", producer.ask("shut"));
  EXPECT_FALSE(read(t, *landed).ok());
}

}  // namespace
}  // namespace farhold::rma
