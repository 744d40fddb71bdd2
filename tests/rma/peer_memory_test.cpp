// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Reading the segments of real processes, alive, stopped and killed.
#include "rma/peer_memory.hpp"

#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "peer_process.hpp"
#include "rma/validation.hpp"

namespace farhold::rma {
namespace {

using access = peer_memory::access;

constexpr std::uint64_t length = 100'000;
constexpr std::uint64_t now = 1'000'000'000;  // by any clock
constexpr std::uint64_t later = now + peer_memory::liveness_interval_ns;

/// How consumers read, without an engine around it.
class reader {
 public:
  reader(const card& peer, same_host wish) : way(memory.attach(peer, wish)) {}

  status read(const ticket& object) {
    if (way == access::mapped) {
      return read_mapped(memory.mapped().subspan(object.offset, block_bytes(object.length)), object, *landed,
                         counters);
    }
    const read_rules rules{validation::recheck, 0, {}};
    return read_remote(object, *landed, rules, counters, [&](const piece& wanted) noexcept {
      return memory.read(wanted.offset, wanted.to, wanted.size_bytes, wanted.rest);
    });
  }

  peer_memory memory;
  access way;
  read_counters counters;
  memory_landing_ptr landed = make_landing();
};

class both_ways : public ::testing::TestWithParam<same_host> {
 protected:
  void SetUp() override {
    if (GetParam() == same_host::cma) FARHOLD_NEEDS_CMA();
  }
  [[nodiscard]] access expected() const {
    return GetParam() == same_host::cma ? access::cma : access::mapped;
  }
};

std::string name_of(const ::testing::TestParamInfo<same_host>& wish) {
  return wish.param == same_host::cma ? "cma" : "mapped";
}
INSTANTIATE_TEST_SUITE_P(peer_memory, both_ways, ::testing::Values(same_host::automatic, same_host::cma),
                         name_of);

TEST_P(both_ways, reads_another_process) {
  peer_process peer;
  reader r(peer.description, GetParam());
  ASSERT_EQ(expected(), r.way);
  for (const std::uint64_t bytes : {0U, 1U, 63U, 64U, 4096U, 100'000U}) {
    const ticket object = peer.publish(bytes, bytes);
    ASSERT_OK(r.read(object));
    EXPECT_EQ(bytes, r.landed->payload().size());
    EXPECT_EQ(0U, count_wrong(r.landed->payload(), bytes));
  }
}

TEST_P(both_ways, sees_evictions_and_heirs) {
  peer_process peer(length + 1000, 0);  // room for one object, reused at once
  reader r(peer.description, GetParam());
  const ticket object = peer.publish(length, 1);
  ASSERT_OK(r.read(object));
  ASSERT_EQ("ok", peer.evict(object));
  EXPECT_STATUS(stale, r.read(object));
  const ticket heir = peer.publish(length, 2);
  ASSERT_EQ(object.offset, heir.offset);
  EXPECT_STATUS(stale, r.read(object));
  ASSERT_OK(r.read(heir));
  EXPECT_EQ(0U, count_wrong(r.landed->payload(), 2));
}

TEST_P(both_ways, a_stopped_process_is_read_and_lives) {
  peer_process peer;
  const ticket object = peer.publish(length, 3);
  peer.stop();
  reader r(peer.description, GetParam());
  ASSERT_EQ(expected(), r.way);
  EXPECT_STATUS(ok, r.memory.alive(1));
  ASSERT_OK(r.read(object));
  EXPECT_EQ(0U, count_wrong(r.landed->payload(), 3));
  peer.go_on();
}

TEST_P(both_ways, a_killed_process_is_seen_at_the_next_interval) {
  peer_process peer;
  reader r(peer.description, GetParam());
  constexpr std::uint64_t interval = peer_memory::liveness_interval_ns;
  static_assert(interval <= 50'000'000);
  EXPECT_STATUS(ok, r.memory.alive(now));
  peer.kill();
  EXPECT_STATUS(ok, r.memory.alive(now + interval - 1)) << "asks the kernel once per interval";
  EXPECT_STATUS(producer_lost, r.memory.alive(now + interval)) << "a zombie is dead";
  peer.reap();
  EXPECT_STATUS(producer_lost, r.memory.alive(now + interval + 1));
  EXPECT_STATUS(producer_lost, r.memory.alive(now + 100 * interval));
}

TEST_P(both_ways, a_killed_process_is_seen_by_the_real_clock) {
  peer_process peer;
  reader r(peer.description, GetParam());
  EXPECT_STATUS(ok, r.memory.alive(clock{}.now()));
  peer.kill();
  while (r.memory.alive(clock{}.now()).ok())
    std::this_thread::yield();  // the watchdog ends what does not end
}

TEST_P(both_ways, a_process_that_was_killed_before_is_not_attached) {
  peer_process peer;
  peer.kill();
  EXPECT_EQ(access::none, peer_memory().attach(peer.description, GetParam())) << "a zombie";
  peer.reap();
  EXPECT_EQ(access::none, peer_memory().attach(peer.description, GetParam()));
}

TEST_P(both_ways, cards_that_do_not_fit_the_process_are_refused) {
  peer_process peer;
  const auto attached = [&](auto change) {
    card c = peer.description;
    change(c);
    return peer_memory().attach(c, GetParam());
  };
  EXPECT_EQ(expected(), attached([](card&) {}));
  EXPECT_EQ(access::none, attached([](card& c) { ++c.start_time; }))
      << "the pid was given to another process";
  EXPECT_EQ(access::none, attached([](card& c) { c.start_time = 0; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.pid = ::getpid(); }));
  EXPECT_EQ(access::none, attached([](card& c) { c.pid = 0; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.pid = -1; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.pid = 0x7FFFFFFF; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.incarnation ^= 1; })) << "a restarted store";
  EXPECT_EQ(access::none, attached([](card& c) { c.segment_bytes += 4096; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.segment_bytes -= 4096; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.segment_bytes = 0; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.boot[0] ^= 1; })) << "another host";
  EXPECT_EQ(access::none, attached([](card& c) { c.boot[1] ^= 1; }));
  EXPECT_EQ(access::none, attached([](card& c) { c.boot = {}; })) << "a host that does not say";
  EXPECT_EQ(access::none, attached([](card& c) { ++c.pid_namespace; })) << "another container";
  EXPECT_EQ(access::none, attached([](card& c) { c.pid_namespace = 0; })) << "one that does not say";
}

TEST_P(both_ways, memory_without_the_magic_is_refused) {
  peer_process peer;
  ASSERT_EQ("done", peer.ask("spoil magic"));
  EXPECT_EQ(access::none, peer_memory().attach(peer.description, GetParam()));
}

TEST(peer_memory, is_not_looked_for_if_nobody_wishes) {
  peer_process peer;
  peer_memory memory;
  EXPECT_EQ(access::none, memory.attach(peer.description, same_host::off));
  EXPECT_STATUS(ok, memory.alive(now));
  peer.kill();
  EXPECT_STATUS(producer_lost, memory.alive(later)) << "but its life is watched";
}

// ---- whose life is watched

TEST(peer_life, a_process_that_was_there_once_and_is_gone_is_lost) {
  for (const bool reaped : {false, true}) {
    peer_process peer;
    peer_memory memory;
    memory.meet(peer.description);
    peer.kill();
    if (reaped) peer.reap();
    EXPECT_EQ(access::none, memory.attach(peer.description, same_host::automatic));
    EXPECT_STATUS(producer_lost, memory.alive(now));
  }
}

TEST(peer_life, of_one_that_was_never_seen_nothing_is_known) {
  // In a container of the same host: another pid namespace, where the number means another process or none.
  peer_process stranger;
  peer_process gone;
  gone.kill();
  gone.reap();
  for (card c : {stranger.description, gone.description}) {
    ++c.start_time;
    peer_memory memory;
    memory.meet(c);
    EXPECT_EQ(access::none, memory.attach(c, same_host::automatic));
    EXPECT_STATUS(ok, memory.alive(now));
    stranger.kill();
    EXPECT_STATUS(ok, memory.alive(later)) << "the end of the stranger is not the peer's";
  }
}

TEST(peer_life, of_one_with_the_number_and_the_start_of_one_of_ours_nothing_is_known) {
  peer_process lookalike;
  card c = lookalike.description;
  ++c.pid_namespace;
  peer_memory memory;
  memory.meet(c);
  EXPECT_EQ(access::none, memory.attach(c, same_host::automatic));
  lookalike.kill();
  EXPECT_STATUS(ok, memory.alive(later));
}

TEST(peer_life, of_another_hosts_process_nothing_is_known) {
  peer_process stranger;
  card c = stranger.description;
  c.boot[0] ^= 1;
  peer_memory memory;
  memory.meet(c);
  EXPECT_EQ(access::none, memory.attach(c, same_host::automatic));
  stranger.kill();
  EXPECT_STATUS(ok, memory.alive(now));
}

TEST(peer_life, before_anybody_looked_nothing_is_known) { EXPECT_STATUS(ok, peer_memory().alive(now)); }

TEST(peer_memory, what_cannot_be_mapped_is_read_by_cma) {
  FARHOLD_NEEDS_CMA();
  peer_process peer;
  card c = peer.description;
  for (const int fd : {-1, 0, 1, 1000}) {  // none, pipes, not open
    c.fd = fd;
    EXPECT_EQ(access::cma, peer_memory().attach(c, same_host::automatic)) << fd;
  }
  c.fd = std::stoi(peer.ask("unsealed"));
  ASSERT_GE(c.fd, 0);
  EXPECT_EQ(access::cma, peer_memory().attach(c, same_host::automatic))
      << "a file that can shrink kills its readers";
}

TEST(peer_memory, a_mapping_outlives_its_process) {
  peer_process peer;
  const ticket object = peer.publish(length, 4);
  reader r(peer.description, same_host::automatic);
  ASSERT_EQ(access::mapped, r.way);
  peer.kill();
  peer.reap();
  ASSERT_OK(r.read(object));  // no SIGBUS; that the producer is lost is what `alive` says
  EXPECT_EQ(0U, count_wrong(r.landed->payload(), 4));
}

class by_cma : public ::testing::Test {
 protected:
  void SetUp() override { FARHOLD_NEEDS_CMA(); }
  peer_process peer;
  std::vector<std::byte> bytes = std::vector<std::byte>(4096);
};

TEST_F(by_cma, the_guard_word_shows_another_process_at_the_same_address) {
  reader r(peer.description, same_host::cma);
  ASSERT_EQ(access::cma, r.way);
  ASSERT_OK(r.memory.read(0, bytes.data(), bytes.size()));
  ASSERT_EQ("done", peer.ask("spoil incarnation"));
  EXPECT_STATUS(producer_lost, r.memory.read(0, bytes.data(), bytes.size()));
  EXPECT_STATUS(producer_lost, r.memory.read(0, bytes.data(), 0));
}

TEST_F(by_cma, a_killed_process_is_an_error) {
  reader r(peer.description, same_host::cma);
  const ticket object = peer.publish(length, 5);
  peer.kill();
  EXPECT_STATUS(producer_lost, r.read(object));
  peer.reap();
  EXPECT_STATUS(producer_lost, r.read(object));
}

TEST_F(by_cma, addresses_that_are_not_mapped_are_an_error) {
  reader r(peer.description, same_host::cma);
  const std::uint64_t end = peer.description.segment_bytes;
  EXPECT_STATUS(ok, r.memory.read(end - 4096, bytes.data(), 4096));
  EXPECT_FALSE(r.memory.read(std::uint64_t{1} << 46U, bytes.data(), 4096).ok());

  card nowhere = peer.description;
  nowhere.base_address = 4096;
  EXPECT_EQ(access::none, peer_memory().attach(nowhere, same_host::cma));
}

TEST_F(by_cma, zeros_are_nobodys_incarnation) {
  // A card of no incarnation over memory that is zero: the guard word compares equal.
  const ticket object = peer.publish(length, 6);
  card blank = peer.description;
  blank.incarnation = 0;
  blank.base_address += object.offset + 2 * length;  // never written
  EXPECT_EQ(access::none, peer_memory().attach(blank, same_host::cma));
}

}  // namespace
}  // namespace farhold::rma
