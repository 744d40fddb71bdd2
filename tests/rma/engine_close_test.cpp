// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// How engines begin and end: together, alone, too late, in the middle of calls, and not at all.
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "rma/host.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;
constexpr std::uint64_t length = 50'000;
constexpr auto brief = 20ms;

cluster_options by(path way) {
  cluster_options wanted;
  wanted.fabric.one_sided = way == path::window;
  wanted.engine.grace = 0ns;
  return wanted;
}

/// The folders in /proc of our threads with the progress thread's name.
std::vector<std::filesystem::path> progress_threads() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    if (std::ifstream(entry.path() / "comm") >> name && name == "farhold") found.push_back(entry.path());
  }
  return found;
}

const std::byte* arena_of(cluster& all, peer_id peer) {
  card c;
  EXPECT_STATUS(ok, card::decode(all.transport_of(peer).card(peer), c));
  return reinterpret_cast<const std::byte*>(c.base_address);  // NOLINT: the address is of this process
}

bool is_mapped(const std::byte* at) {
  unsigned char in_core = 0;
  return ::mincore(const_cast<std::byte*>(at), 4096, &in_core) == 0;
}

// ---- open

TEST(open, fails_for_all_if_it_fails_for_one) {
  cluster_options wanted = by(path::window);
  wanted.fabric.peers = 3;
  wanted.open = false;
  wanted.of_peer = [](std::size_t peer, options& mine) {
    if (peer == 1) mine.arena_bytes = 4 * available_memory_bytes();
  };
  cluster all(wanted);
  for (const status& s : all.open()) EXPECT_STATUS(out_of_memory, s);
  EXPECT_TRUE(progress_threads().empty());
  EXPECT_STATUS(ok, all[0].close(0ns)) << "nothing to close";
}

TEST(open, refuses_a_negative_grace_period) {
  cluster_options wanted = by(path::window);
  wanted.open = false;
  wanted.engine.grace = -1ns;
  cluster both(wanted);
  for (const status& s : both.open()) EXPECT_STATUS(invalid_argument, s);
}

TEST(open, is_a_timeout_if_a_peer_does_not_come) {
  cluster_options wanted = by(path::window);
  wanted.open = false;
  wanted.engine.timeout = brief;
  cluster both(wanted);
  EXPECT_STATUS(timeout, both[producer_id].open());
}

/// Shows cards that are not those of the peers.
class forging_transport final : public test::solo_transport {
 public:
  forging_transport(std::shared_ptr<test::solo_fabric> fabric, peer_id self, bool twins)
      : solo_transport(std::move(fabric), self), twins_(twins) {}
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override {
    const byte_view real = solo_transport::card(twins_ ? 0 : peer);
    return twins_ || peer == 0 ? real : real.first(30);
  }

 private:
  bool twins_;
};

TEST(open, refuses_cards_that_are_damaged_or_of_one_incarnation) {
  for (const bool twins : {false, true}) {
    SCOPED_TRACE(twins);
    const auto fabric = std::make_shared<test::solo_fabric>(test::solo_options{});
    std::array<status, 2> outcomes;
    std::array<const std::byte*, 2> arenas{};
    on_threads(2, [&](std::size_t id) {
      const auto self = static_cast<peer_id>(id);
      auto transport = std::make_unique<forging_transport>(fabric, self, twins);
      const auto& seen = *transport;
      cluster_options wanted;
      engine e(std::move(transport), wanted.engine);
      outcomes[id] = e.open();
      card mine;
      static_cast<void>(card::decode(seen.solo_transport::card(self), mine));
      arenas[id] = reinterpret_cast<const std::byte*>(mine.base_address);  // NOLINT
    });
    for (const status& s : outcomes) EXPECT_EQ(twins ? errc::corrupt : errc::truncated, s.code);
    // Exposed already, and peers may believe in it: it must not go away under their reads.
    for (const std::byte* arena : arenas) EXPECT_TRUE(is_mapped(arena));
  }
}

// ---- the progress thread

TEST(progress, one_thread_per_engine_that_wants_it_and_none_afterwards) {
  ASSERT_TRUE(progress_threads().empty());
  cluster_options wanted = by(path::service);
  wanted.fabric.peers = 3;
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.progress_thread = peer != 2; };
  cluster all(wanted);
  EXPECT_EQ(2U, progress_threads().size());
  for (const status& s : all.close(patience)) EXPECT_STATUS(ok, s);
  EXPECT_TRUE(progress_threads().empty());
}

TEST(progress, the_applications_signals_are_not_for_its_thread) {
  cluster both(by(path::service));
  for (const auto& thread : progress_threads()) {
    std::ifstream file(thread / "status");
    std::string line;
    while (std::getline(file, line) && !line.starts_with("SigBlk:")) continue;
    const auto blocked = std::stoull(line.substr(line.find_first_not_of("SigBlk:\t ")), nullptr, 16);
    for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGCHLD, SIGPROF}) {
      EXPECT_NE(0U, blocked >> (signal - 1) & 1U) << signal;
    }
  }
  sigset_t mine;
  ASSERT_EQ(0, ::pthread_sigmask(SIG_SETMASK, nullptr, &mine));
  EXPECT_EQ(0, sigismember(&mine, SIGUSR1)) << "and stay with the one that opened";
}

TEST(progress, serves_while_its_process_does_nothing) {
  cluster both(by(path::service));
  const key object = put(both[producer_id], length, 1);
  std::this_thread::sleep_for(5ms);  // until the thread naps
  expect_bytes(both[consumer_id], object, 1);
  EXPECT_EQ(1U, counters_of(both[producer_id]).service_requests);
}

// ---- close

TEST(close, waits_for_calls_that_are_under_way) {
  cluster both(by(path::window));
  const key object = put(both[producer_id], length, 1);
  both.fabric().hold_reads(consumer_id, true);
  std::atomic<bool> returned{false};
  std::thread reader([&] { expect_bytes(both[consumer_id], object, 1); });
  while (both.fabric().reads_started() == 0) std::this_thread::yield();
  std::thread closer([&] {
    for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
    returned = true;
  });
  while (!both[consumer_id].closed()) std::this_thread::yield();
  std::this_thread::sleep_for(brief);
  EXPECT_FALSE(returned);
  EXPECT_STATUS(closed, get(both[consumer_id], object).outcome) << "new ones are refused meanwhile";
  both.fabric().hold_reads(consumer_id, false);
  reader.join();
  closer.join();
}

TEST(close, serves_the_others_until_they_come_too) {
  cluster both(by(path::service));
  const key object = put(both[producer_id], length, 1);
  std::thread first([&] { EXPECT_STATUS(ok, both[producer_id].close(patience)); });
  while (!both[producer_id].closed()) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) expect_bytes(both[consumer_id], object, 1);
  EXPECT_STATUS(ok, both[consumer_id].close(patience));
  first.join();
}

TEST(close, is_a_timeout_if_a_peer_does_not_come_and_leaks_on_purpose) {
  cluster both(by(path::window));
  const key object = put(both[producer_id], length, 1);
  const std::byte* const arena = arena_of(both, producer_id);
  EXPECT_STATUS(timeout, both[producer_id].close(brief));
  both.destroy(producer_id);
  ASSERT_TRUE(is_mapped(arena));
  expect_bytes(both[consumer_id], object, 1);  // which did not close, and may read on
}

TEST(close, gives_the_arena_back_if_all_came) {
  cluster both(by(path::window));
  const std::byte* const arena = arena_of(both, producer_id);
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  both.destroy(producer_id);
  EXPECT_FALSE(is_mapped(arena));
}

TEST(close, is_a_timeout_if_a_call_does_not_end) {
  cluster both(by(path::window));
  const key object = put(both[producer_id], length, 1);
  const std::byte* const arena = arena_of(both, consumer_id);
  both.fabric().hold_reads(consumer_id, true);
  std::thread reader([&] { expect_bytes(both[consumer_id], object, 1); });
  while (both.fabric().reads_started() == 0) std::this_thread::yield();
  for (const status& s : both.close(brief)) EXPECT_STATUS(timeout, s);
  both.fabric().hold_reads(consumer_id, false);
  reader.join();
  both.destroy(consumer_id);
  EXPECT_TRUE(is_mapped(arena));
}

TEST(close, is_a_timeout_if_a_fragment_does_not_leave) {
  cluster both(by(path::service));
  const key object = put(both[producer_id], length, 1);
  both.fabric().hold_messages(consumer_id, true);
  EXPECT_STATUS(timeout, get(both[consumer_id], object, brief).outcome);
  for (const status& s : both.close(brief)) EXPECT_STATUS(timeout, s);
  both.fabric().hold_messages(consumer_id, false);
}

TEST(close, waits_for_reads_that_were_given_up) {
  cluster both(by(path::window));
  const key object = put(both[producer_id], length, 1);
  std::atomic<int> alive{0};
  both.fabric().hold_reads(consumer_id, true);
  {
    const memory_landing_ptr landed(new memory_landing(&alive));
    read_report report;
    EXPECT_STATUS(timeout, both[consumer_id].get(object, *landed, brief, report));
  }
  std::thread later([&] {
    while (!both[consumer_id].closed()) std::this_thread::yield();
    std::this_thread::sleep_for(brief);
    both.fabric().hold_reads(consumer_id, false);
  });
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  later.join();
  EXPECT_EQ(0, alive);
  EXPECT_EQ(0U, both.fabric().reads_pending());
}

TEST(close, keeps_landings_of_reads_that_never_end) {
  std::atomic<int> alive{0};
  {
    cluster both(by(path::window));
    const key object = put(both[producer_id], length, 1);
    both.fabric().hold_reads(consumer_id, true);
    const memory_landing_ptr landed(new memory_landing(&alive));
    read_report report;
    EXPECT_STATUS(timeout, both[consumer_id].get(object, *landed, brief, report));
    for (const status& s : both.close(brief)) EXPECT_STATUS(timeout, s);
    both.destroy(consumer_id);
  }
  EXPECT_EQ(1, alive) << "lost on purpose: the fabric may write there until the process ends";
}

TEST(close, of_what_was_never_opened_is_nothing) {
  cluster_options wanted = by(path::window);
  wanted.open = false;
  cluster both(wanted);
  EXPECT_STATUS(ok, both[producer_id].close(0ns));
  EXPECT_STATUS(closed, both[producer_id].close(0ns));
}

TEST(close, many_callers_and_one_closes) {
  cluster both(by(path::service));
  std::atomic<int> closed_it{0};
  on_threads(8, [&](std::size_t i) {
    const status s = both[i % 2].close(patience);
    if (s.ok()) ++closed_it;
    EXPECT_TRUE(s.ok() || s.code == errc::closed);
  });
  EXPECT_EQ(2, closed_it);
}

TEST(close, callers_race_with_it_and_get_an_answer) {
  for (int i = 0; i < 20; ++i) {
    cluster both(by(i % 2 == 0 ? path::service : path::window));
    const key object = put(both[producer_id], 5000, 1);
    std::atomic<bool> stop{false};
    std::thread closer([&] {
      std::this_thread::sleep_for(1ms);
      for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
      stop = true;
    });
    on_threads(3, [&](std::size_t) {
      while (!stop) {
        const got found = get(both[consumer_id], object, brief);
        if (!found.outcome.ok()) continue;
        EXPECT_EQ(0U, count_wrong(found.landed->payload(), 1));
      }
    });
    closer.join();
  }
}

// ---- the fabric ends first

TEST(ending, a_fabric_that_ends_closes_its_engines) {
  for (const bool progress_thread : {true, false}) {
    SCOPED_TRACE(progress_thread);
    cluster_options wanted = by(path::service);
    wanted.engine.progress_thread = progress_thread;
    cluster both(wanted);
    both.fabric().end(producer_id);
    both.fabric().end(consumer_id);
    if (!progress_thread) on_threads(2, [&](std::size_t id) { both.pump(id); });
    for (const std::size_t id : {0U, 1U}) {
      while (!both[id].closed()) std::this_thread::yield();
    }
  }
}

TEST(ending, after_close_it_is_nothing) {
  cluster both(by(path::service));
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  both.fabric().end(producer_id);
  both.pump(producer_id);
}

}  // namespace
}  // namespace farhold::rma
