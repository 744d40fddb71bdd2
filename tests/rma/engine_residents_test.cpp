// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Whole engines with objects that lie where their users put them, in more than one arena, and looked at in
// place.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "residents.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;
constexpr std::uint64_t length = 50'000;  // 13 fragments
constexpr auto brief = 20ms;

cluster_options by(same_host local, bool one_sided = false) {
  cluster_options wanted;
  wanted.fabric.one_sided = one_sided;
  wanted.engine.same_host = local;
  wanted.engine.grace = 0ns;
  return wanted;
}

class residents : public ::testing::Test {
 protected:
  key adopt(engine& producer, std::uint64_t bytes, std::uint64_t seed, bool lent = false) {
    auto* const mine = new user_memory(bytes, seed, released);
    key made;
    EXPECT_STATUS(ok, producer.adopt(mine->as_resident(lent), type_id{1}, made));
    return made;
  }
  key bear(engine& producer, std::uint64_t bytes, std::uint64_t seed) {
    auto* const mine = new user_memory(bytes, seed, released, producer.memory());
    key made;
    EXPECT_STATUS(ok, producer.adopt(mine->as_resident(), type_id{1}, made));
    return made;
  }
  void wait_for_release(int count) {
    while (released < count) std::this_thread::yield();
    EXPECT_EQ(count, released);
  }

  std::atomic<int> released{0};
};

// ---- every way in on every path

struct route {
  std::string name;
  same_host local;
  bool one_sided;
  path arena;      // how what is in the first arena is read
  path later;      // in another arena
  path elsewhere;  // adopted and lent
};

class residents_by : public residents, public ::testing::WithParamInterface<route> {};

INSTANTIATE_TEST_SUITE_P(
    routes, residents_by,
    ::testing::Values(route{"mapped", same_host::automatic, false, path::mapped, path::mapped, path::cma},
                      route{"cma", same_host::cma, false, path::cma, path::cma, path::cma},
                      route{"window", same_host::off, true, path::window, path::service, path::service},
                      route{"service", same_host::off, false, path::service, path::service, path::service}),
    [](const auto& chosen) { return chosen.param.name; });

TEST_P(residents_by, objects_are_read_the_best_way_there_is_and_are_stale_when_they_ended) {
  cluster_options wanted = by(GetParam().local, GetParam().one_sided);
  wanted.engine.arena_limit_bytes = 4 * wanted.engine.arena_bytes;
  cluster both(wanted);
  engine& producer = both[producer_id];
  engine& consumer = both[consumer_id];
  struct object {
    key name;
    path expected;
    bool owned;
  };
  std::vector<object> all;
  all.push_back({put(producer, length, 0), GetParam().arena, false});
  all.push_back({bear(producer, length, 1), GetParam().arena, true});
  all.push_back({adopt(producer, length, 2), GetParam().elsewhere, true});
  all.push_back({adopt(producer, length, 3, true), GetParam().elsewhere, true});
  all.push_back({put(producer, wanted.engine.arena_bytes, 4), GetParam().later, false});
  all.push_back({bear(producer, wanted.engine.arena_bytes / 2 * 3, 5), GetParam().later, true});
  EXPECT_GT(counters_of(producer).arenas, 1U);
  const auto check = [&](std::size_t i) {
    const got found = get(consumer, all[i].name);
    EXPECT_STATUS(ok, found.outcome);
    EXPECT_EQ(all[i].expected, found.way) << i;
    EXPECT_EQ(0U, count_wrong(found.landed->payload(), i)) << i;
  };
  for (std::size_t i = 0; i < all.size(); ++i) check(i);

  // The same together.
  std::vector<memory_landing_ptr> landings;
  std::vector<read_request> requests;
  for (const object& o : all) {
    landings.push_back(make_landing());
    requests.push_back({&o.name, landings.back().get(), patience});
  }
  consumer.get_batch(requests);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_STATUS(ok, requests[i].outcome);
    EXPECT_EQ(all[i].expected, requests[i].report.way);
    EXPECT_EQ(0U, count_wrong(landings[i]->payload(), i));
  }

  int owners = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool there = false;
    EXPECT_STATUS(ok, consumer.exists(all[i].name, patience, there));
    EXPECT_TRUE(there);
    EXPECT_STATUS(ok, (i % 2 == 0 ? producer : consumer).evict(all[i].name, patience));
    EXPECT_STATUS(stale, get(consumer, all[i].name).outcome);
    EXPECT_STATUS(ok, consumer.exists(all[i].name, patience, there));
    EXPECT_FALSE(there);
    owners += all[i].owned ? 1 : 0;
    wait_for_release(owners);  // by the progress thread, without another call
  }
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
}

TEST_P(residents_by, forged_arenas_and_lengths_are_errors) {
  cluster both(by(GetParam().local, GetParam().one_sided));
  const key in_arena = put(both[producer_id], 1000, 1);
  const key adopted = adopt(both[producer_id], 1000, 2);
  const auto refused = [&](const key& forged) {
    for (const peer_id id : {producer_id, consumer_id}) {
      const got found = get(both[id], forged);
      EXPECT_TRUE(found.outcome.code == errc::corrupt || found.outcome.code == errc::stale)
          << to_string(found.outcome.code) << " " << found.outcome.where;
      bool there = true;
      const status s = both[id].exists(forged, patience, there);
      EXPECT_TRUE(s.ok() || s.code == errc::corrupt) << to_string(s.code);
      EXPECT_FALSE(there);
      EXPECT_FALSE(both[id].evict(forged, patience).ok());
    }
  };
  for (const key& object : {in_arena, adopted}) {
    refused(changed(object, [](ticket& t) { t.arena ^= ticket::elsewhere_bit; }));
    for (const std::uint32_t arena : {1U, 63U, 64U, 0x7FFFFFFFU}) {
      refused(changed(object, [arena](ticket& t) { t.arena = (t.arena & ticket::elsewhere_bit) | arena; }));
    }
    for (const std::uint64_t huge : {std::uint64_t{1} << 50U, ~std::uint64_t{0}, ~std::uint64_t{0} - 64}) {
      refused(changed(object, [huge](ticket& t) { t.length = huge; }));
      refused(changed(object, [huge](ticket& t) { t.arena |= 1, t.length = huge; }));
      refused(changed(object, [huge](ticket& t) { t.arena |= 1, t.offset = huge / 64 * 64; }));
    }
  }
  expect_bytes(both[consumer_id], in_arena, 1);
  expect_bytes(both[consumer_id], adopted, 2);
}

// ---- lent memory and the service

TEST_F(residents, a_loan_can_be_ended_while_it_is_being_sent) {
  cluster both(by(same_host::off));
  const key object = adopt(both[producer_id], 10 * length, 1, true);
  both.fabric().hold_messages(consumer_id, true);
  got found;
  std::thread consumer([&] { found = get(both[consumer_id], object); });
  while (both.fabric().messages_pending() < 4) std::this_thread::yield();  // fragments wait at the consumer
  EXPECT_STATUS(ok, both[producer_id].evict(object, patience));
  EXPECT_EQ(1, released) << "although the fabric has not delivered what it was given";
  both.fabric().hold_messages(consumer_id, false);
  consumer.join();
  EXPECT_STATUS(stale, found.outcome);
}

TEST_F(residents, what_was_adopted_is_kept_until_it_is_sent) {
  cluster both(by(same_host::off));
  const key object = adopt(both[producer_id], length, 1);
  both.fabric().hold_messages(consumer_id, true);
  got found;
  std::thread consumer([&] { found = get(both[consumer_id], object); });
  while (both.fabric().messages_pending() < 4) std::this_thread::yield();
  EXPECT_STATUS(ok, both[producer_id].evict(object, patience));
  const std::uint64_t before = both.fabric().progress_calls(producer_id);
  while (both.fabric().progress_calls(producer_id) < before + 10) std::this_thread::yield();
  EXPECT_EQ(0, released);
  both.fabric().hold_messages(consumer_id, false);
  consumer.join();
  EXPECT_STATUS(ok, found.outcome);
  EXPECT_EQ(0U, count_wrong(found.landed->payload(), 1));
  wait_for_release(1);
}

TEST_F(residents, loans_end_while_many_read) {
  for (const auto& [local, one_sided] :
       {std::pair{same_host::off, false}, {same_host::cma, false}, {same_host::automatic, false}}) {
    cluster both(by(local, one_sided));
    released = 0;
    std::atomic<std::uint64_t> whole{0}, stale{0}, wrong{0};
    for (int round = 1; round <= 50; ++round) {
      const key object = adopt(both[producer_id], length, 1, true);
      std::vector<std::thread> readers;
      std::atomic<int> reading{0};
      for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
          for (bool alive = true; alive;) {
            const got found = get(both[consumer_id], object);
            ++reading;
            alive = found.outcome.ok();
            if (!alive) {
              EXPECT_STATUS(stale, found.outcome);
              ++stale;
            } else {
              ++(count_wrong(found.landed->payload(), 1) == 0 ? whole : wrong);
            }
          }
        });
      }
      while (reading < 3) std::this_thread::yield();
      EXPECT_STATUS(ok, both[producer_id].evict(object, patience));
      EXPECT_EQ(round, released);  // and overwritten
      for (std::thread& one : readers) one.join();
    }
    EXPECT_GT(whole, 0U);
    EXPECT_EQ(100U, stale);
    EXPECT_EQ(0U, wrong);
  }
}

TEST_F(residents, a_full_fabric_takes_what_is_lent_in_the_end) {
  cluster_options wanted = by(same_host::off);
  wanted.fabric.queue_messages = 3;  // less than a round of fragments
  cluster both(wanted);
  const key object = adopt(both[producer_id], length, 1, true);
  on_threads(3, [&](std::size_t) { expect_bytes(both[consumer_id], object, 1); });
  EXPECT_EQ(3 * length, counters_of(both[producer_id]).service_bytes);
}

// ---- without a progress thread

TEST_F(residents, without_a_progress_thread_the_next_call_releases) {
  cluster_options wanted = by(same_host::automatic);
  wanted.engine.progress_thread = false;
  cluster both(wanted);
  engine& producer = both[producer_id];
  const key first = adopt(producer, length, 1), loan = adopt(producer, length, 2, true);
  EXPECT_STATUS(ok, producer.evict(loan, patience));
  EXPECT_EQ(1, released);
  memory_landing_ptr seen = make_landing();
  seen->view = true;
  read_report report;
  EXPECT_STATUS(ok, producer.get(first, *seen, patience, report));
  EXPECT_STATUS(ok, producer.evict(first, patience));
  EXPECT_EQ(1, released);
  seen.reset();
  EXPECT_EQ(2, released);
}

// ---- close

TEST_F(residents, close_releases_everything) {
  cluster both(by(same_host::automatic));
  engine& producer = both[producer_id];
  adopt(producer, length, 1);
  adopt(producer, length, 2, true);
  bear(producer, length, 3);
  EXPECT_EQ(2 * length, counters_of(producer).adopted_bytes);
  EXPECT_EQ(length, counters_of(producer).lent_bytes);
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  EXPECT_EQ(3, released);
}

TEST_F(residents, a_close_that_is_late_gives_back_loans_alone) {
  {
    cluster both(by(same_host::automatic));
    adopt(both[producer_id], length, 1);
    bear(both[producer_id], length, 2);
    adopt(both[producer_id], length, 3, true);
    EXPECT_STATUS(timeout, both[producer_id].close(brief)) << "the other one never came";
    EXPECT_EQ(1, released);
  }
  EXPECT_EQ(1, released) << "the fabric may still read the rest";
}

TEST_F(residents, views_do_not_hold_up_close_and_outlive_it) {
  auto both = std::make_unique<cluster>(by(same_host::automatic));
  const key copied = put((*both)[producer_id], length, 1), adopted = adopt((*both)[producer_id], length, 2);
  std::vector<memory_landing_ptr> own, foreign;
  for (const auto& [object, seed] : {std::pair{copied, 1U}, {adopted, 2U}}) {
    for (const peer_id id : {producer_id, consumer_id}) {
      memory_landing_ptr seen = make_landing();
      seen->view = true;
      read_report report;
      EXPECT_STATUS(ok, (*both)[id].get(object, *seen, patience, report));
      const bool by_cma = id == consumer_id && seed == 2;  // what is adopted lies in no segment
      EXPECT_EQ(by_cma ? 0 : 1, seen->shown);
      (id == producer_id ? own : foreign).push_back(seen);
    }
  }
  EXPECT_EQ(2U, counters_of((*both)[producer_id]).pins_held);
  EXPECT_EQ(1U, counters_of((*both)[consumer_id]).pins_held);
  for (const status& s : both->close(patience)) EXPECT_STATUS(ok, s);
  both.reset();
  EXPECT_EQ(0, released);
  for (const auto* all : {&own, &foreign}) {
    EXPECT_EQ(0U, count_wrong(all->at(0)->payload(), 1));
    EXPECT_EQ(0U, count_wrong(all->at(1)->payload(), 2));
  }
  own.clear();
  EXPECT_EQ(1, released);
}

TEST_F(residents, containers_may_outlive_their_engine) {
  auto both = std::make_unique<cluster>(by(same_host::automatic));
  std::pmr::vector<int> mine(100, 7, (*both)[producer_id].memory());
  for (const status& s : both->close(patience)) EXPECT_STATUS(ok, s);
  EXPECT_EQ(nullptr, (*both)[producer_id].memory());
  both.reset();
  EXPECT_EQ(7, mine[99]);
  EXPECT_THROW(mine.resize(1000), std::bad_alloc);
}

TEST_F(residents, a_closed_engine_adopts_nothing) {
  cluster both(by(same_host::automatic));
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  user_memory mine(100, 1, released);
  key made;
  EXPECT_STATUS(closed, both[producer_id].adopt(mine.as_resident(), type_id{1}, made));
  EXPECT_EQ(0, released);
}

}  // namespace
}  // namespace farhold::rma
