// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// One-sided reads that fail, take too long, or land after they were given up.
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "rma/quarantine.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;
constexpr std::uint64_t length = 50'000;
constexpr auto brief = 20ms;

cluster_options by_window(bool progress_threads = true) {
  cluster_options wanted;
  wanted.engine.progress_thread = progress_threads;
  wanted.engine.validation = validation::recheck;
  return wanted;
}

/// A read that lands where many others land: for those that never do.
class shared_landing final : public landing {
 public:
  explicit shared_landing(std::vector<std::byte>& memory) : memory_(memory) {}
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    return size_bytes + spare_bytes <= memory_.size() ? memory_.data() : nullptr;
  }
  status fill(byte_view) noexcept override { return {errc::unsupported, 0, "fill"}; }

 private:
  std::vector<std::byte>& memory_;
};

TEST(window, a_read_that_cannot_begin_is_reported) {
  for (const std::size_t skipped : {0U, 1U}) {  // the payload's, the second look's
    cluster both(by_window());
    const key object = put(both[producer_id], length, 1);
    both.fabric().fail(consumer_id, test::solo_call::start, {errc::unreachable, 9, "as told"}, skipped);
    const got found = get(both[consumer_id], object);
    EXPECT_STATUS(unreachable, found.outcome);
    EXPECT_EQ(9, found.outcome.native);
    EXPECT_EQ(0U, counters_of(both[consumer_id]).quarantined_bytes);
    expect_bytes(both[consumer_id], object, 1);
  }
}

TEST(window, a_read_that_fails_and_is_over_is_reported) {
  for (const std::size_t skipped : {0U, 1U}) {
    cluster both(by_window());
    const key object = put(both[producer_id], length, 1);
    both.fabric().fail(consumer_id, test::solo_call::test, {errc::transport_failure, 9, "as told"}, skipped,
                       true);
    EXPECT_STATUS(transport_failure, get(both[consumer_id], object).outcome);
    EXPECT_EQ(0U, counters_of(both[consumer_id]).quarantined_bytes);
    expect_bytes(both[consumer_id], object, 1);
    EXPECT_EQ(0U, both.fabric().reads_pending());
  }
}

TEST(window, a_read_that_fails_and_is_not_over_goes_to_quarantine) {
  cluster both(by_window());
  const key object = put(both[producer_id], length, 1);
  both.fabric().hold_reads(consumer_id, true);
  both.fabric().fail(consumer_id, test::solo_call::test, {errc::transport_failure, 9, "as told"}, 0, false);
  EXPECT_STATUS(transport_failure, get(both[consumer_id], object).outcome);
  EXPECT_EQ(block_bytes(length), counters_of(both[consumer_id]).quarantined_bytes);
  both.fabric().hold_reads(consumer_id, false);
  while (counters_of(both[consumer_id]).quarantined_bytes > 0) std::this_thread::yield();
  expect_bytes(both[consumer_id], object, 1);
}

TEST(window, a_read_that_takes_too_long_is_a_timeout_and_keeps_its_landing) {
  for (const bool progress_thread : {true, false}) {
    SCOPED_TRACE(progress_thread);
    cluster both(by_window(progress_thread));
    const key object = put(both[producer_id], length, 1);
    const key next = put(both[producer_id], length, 2);
    std::atomic<int> alive{0};
    both.fabric().hold_reads(consumer_id, true);
    {
      const memory_landing_ptr landed(new memory_landing(&alive));
      read_report report;
      EXPECT_STATUS(timeout, both[consumer_id].get(object, *landed, brief, report));
      EXPECT_EQ(path::window, report.way);
    }
    EXPECT_EQ(1, alive) << "the fabric may still write there";
    EXPECT_EQ(block_bytes(length), counters_of(both[consumer_id]).quarantined_bytes);
    both.fabric().hold_reads(consumer_id, false);  // now it lands, a sanitizer watching
    do {
      expect_bytes(both[consumer_id], next, 2);
    } while (counters_of(both[consumer_id]).quarantined_bytes > 0);
    EXPECT_EQ(0, alive);
    EXPECT_EQ(0U, both.fabric().reads_pending());
  }
}

TEST(window, a_second_look_that_takes_too_long_keeps_the_landing_too) {
  cluster_options wanted = by_window();
  wanted.fabric.chunk_bytes = std::uint64_t{1} << 20U;  // a read is one chunk, moved by its first `test`
  cluster both(wanted);
  const key object = put(both[producer_id], length, 1);
  std::atomic<int> alive{0};
  const memory_landing_ptr landed(new memory_landing(&alive));
  std::thread holds([&] {
    while (both.fabric().reads_started() == 0) std::this_thread::yield();
    both.fabric().hold_reads(consumer_id, true);  // in the first read, the second, or between them
  });
  read_report report;
  const status s = both[consumer_id].get(object, *landed, brief, report);
  holds.join();
  if (s.ok()) return;  // it was faster
  EXPECT_STATUS(timeout, s);
  EXPECT_NE(0U, counters_of(both[consumer_id]).quarantined_bytes);
  both.fabric().hold_reads(consumer_id, false);
  while (counters_of(both[consumer_id]).quarantined_bytes > 0) std::this_thread::yield();
}

TEST(window, the_grace_period_that_counts_is_the_producers) {
  cluster_options wanted = by_window();
  wanted.engine.validation = validation::fast;
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.grace = peer == producer_id ? 0ns : 100s; };
  cluster both(wanted);
  expect_bytes(both[consumer_id], put(both[producer_id], length, 1), 1);
  EXPECT_EQ(1U, counters_of(both[consumer_id]).second_looks) << "no read is shorter than half of nothing";
}

TEST(window, a_target_that_never_progresses_is_a_timeout) {
  cluster_options wanted = by_window();
  wanted.fabric.host_progress = true;
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.progress_thread = peer != producer_id; };
  cluster both(wanted);
  const key object = put(both[producer_id], length, 1);
  EXPECT_STATUS(timeout, get(both[consumer_id], object, brief).outcome);
  both.pump(producer_id);
  while (counters_of(both[consumer_id]).quarantined_bytes > 0) std::this_thread::yield();
}

TEST(window, reads_are_refused_while_too_much_is_in_quarantine) {
  cluster_options wanted = by_window();
  wanted.engine.arena_bytes = std::uint64_t{8} << 20U;
  cluster both(wanted);
  const std::uint64_t large = (std::uint64_t{8} << 20U) - sizeof(trailer);
  const key object = put(both[producer_id], large, 1);
  std::vector<std::byte> nowhere(block_bytes(large));
  const boost::intrusive_ptr<landing> landed(new shared_landing(nowhere));
  read_report report;
  both.fabric().hold_reads(consumer_id, true);
  constexpr std::uint64_t enough = quarantine::limit_bytes / (std::uint64_t{8} << 20U);
  for (std::uint64_t i = 0; i <= enough; ++i) {
    ASSERT_EQ(errc::timeout, both[consumer_id].get(object, *landed, 0ns, report).code) << i;
  }
  EXPECT_GT(counters_of(both[consumer_id]).quarantined_bytes, quarantine::limit_bytes);
  const std::uint64_t started = both.fabric().reads_started();
  EXPECT_STATUS(out_of_memory, get(both[consumer_id], object).outcome);
  EXPECT_EQ(started, both.fabric().reads_started());
  both.fabric().hold_reads(consumer_id, false);
  while (counters_of(both[consumer_id]).quarantined_bytes > 0) std::this_thread::yield();
  expect_bytes(both[consumer_id], object, 1);
}

TEST(window, chunks_that_stop_in_the_middle) {
  cluster_options wanted = by_window();
  wanted.fabric.chunk_bytes = 4096;
  cluster both(wanted);
  const key object = put(both[producer_id], length, 1);
  both.fabric().between_chunks([&](const remote_read&, std::uint64_t moved) {
    if (moved == 3 * 4096) both.fabric().hold_reads(consumer_id, true);
  });
  EXPECT_STATUS(timeout, get(both[consumer_id], object, brief).outcome);
  both.fabric().between_chunks({});
  both.fabric().hold_reads(consumer_id, false);
  while (counters_of(both[consumer_id]).quarantined_bytes > 0) std::this_thread::yield();
  expect_bytes(both[consumer_id], object, 1);
}

TEST(window, reuse_between_two_chunks_is_stale) {
  for (const bool backwards : {false, true}) {
    for (const auto mode : {validation::fast, validation::recheck}) {
      cluster_options wanted = by_window();
      wanted.fabric.chunk_bytes = 4096;
      wanted.fabric.backwards = backwards;
      wanted.engine.validation = mode;
      wanted.engine.grace = 0ns;  // so that reuse does fall inside the read
      wanted.engine.arena_bytes = length + 1000;
      cluster both(wanted);
      const key object = put(both[producer_id], length, 1);
      key heir;
      both.fabric().between_chunks([&](const remote_read&, std::uint64_t moved) {
        if (moved != 3 * 4096) return;
        EXPECT_STATUS(ok, both[producer_id].evict(object, 0ns));
        heir = put(both[producer_id], length, 2);
      });
      EXPECT_STATUS(stale, get(both[consumer_id], object).outcome);
      EXPECT_EQ(backwards ? 1U : 0U, counters_of(both[consumer_id]).reused_during_read)
          << "forwards, the first look finds the heir's trailer";
      both.fabric().between_chunks({});
      expect_bytes(both[consumer_id], heir, 2);
      EXPECT_STATUS(stale, get(both[consumer_id], object).outcome);
    }
  }
}

// ---- the quarantine by itself

class counting_transport final : public test::solo_transport {
 public:
  using solo_transport::solo_transport;
  status test(remote_read& read, bool& done) noexcept override {
    ++tests;
    done = read.offset < finished;
    return {};
  }
  std::uint64_t finished = 0;
  int tests = 0;
};

TEST(quarantine, releases_what_is_done_in_any_order) {
  counting_transport fabric(std::make_shared<test::solo_fabric>(test::solo_options{}), 0);
  quarantine held;
  held.sweep(fabric);
  EXPECT_EQ(0, fabric.tests) << "costs nothing while it is empty";
  std::atomic<int> alive{0};
  for (const std::uint64_t offset : {4U, 1U, 3U, 0U, 2U}) {
    held.admit({.offset = offset, .size_bytes = 100}, landing_ptr(new memory_landing(&alive)));
  }
  EXPECT_EQ(5, alive);
  EXPECT_EQ(500U, held.bytes());
  for (std::uint64_t finished = 1; finished <= 5; ++finished) {
    fabric.finished = finished;
    held.sweep(fabric);
    EXPECT_EQ(5 - static_cast<int>(finished), alive);
    EXPECT_EQ(500 - 100 * finished, held.bytes());
  }
}

TEST(quarantine, is_full_above_its_limit) {
  counting_transport fabric(std::make_shared<test::solo_fabric>(test::solo_options{}), 0);
  quarantine held;
  std::atomic<int> alive{0};
  held.admit({.size_bytes = quarantine::limit_bytes}, landing_ptr(new memory_landing(&alive)));
  EXPECT_FALSE(held.full());
  held.admit({.size_bytes = 1}, landing_ptr(new memory_landing(&alive)));
  EXPECT_TRUE(held.full());
  fabric.finished = 1;
  held.sweep(fabric);
  EXPECT_FALSE(held.full());
  EXPECT_EQ(0, alive);
}

}  // namespace
}  // namespace farhold::rma
