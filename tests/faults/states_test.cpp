// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What a consumer gets, and within which time, while the producer is stopped, and after it evicted or was
// restarted. Computing producers are in the conformance suite (paths/silent), killed ones in killed_main.cpp.
// docs/faults.md is the table of all of it.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <unistd.h>

#include "on_path.hpp"

namespace farhold::faults {

class states : public on_path {
 protected:
  static constexpr int producer = 1;
  static constexpr std::uint64_t owner = producer;

  static pid_t producer_pid() {
    const pid_t mine = ::getpid();
    const auto* const raw = reinterpret_cast<const std::byte*>(&mine);
    const bytes all = group().broadcast(bytes(raw, raw + sizeof mine), producer);
    pid_t pid = 0;
    std::memcpy(&pid, all.data(), sizeof pid);
    return pid;
  }

  /// Whether a stopped producer's objects can be read. No fabric but the kernel's: mapped and cma always;
  /// Open MPI's windows within a host use process_vm_readv too; MPICH's need their target.
  static bool readable_while_stopped() {
    return GetParam() == path::mapped || GetParam() == path::cma ||
           (GetParam() == path::window && is_open_mpi());
  }
};

/// Stopped from construction to destruction.
class stopped {
 public:
  /// kill(2) only asks: a thread on another core may run on for a while. So each is waited for.
  explicit stopped(pid_t pid) : pid_(pid) {
    ::kill(pid_, SIGSTOP);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!all_threads_stopped() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
  stopped(const stopped&) = delete;
  stopped& operator=(const stopped&) = delete;
  ~stopped() { ::kill(pid_, SIGCONT); }

 private:
  [[nodiscard]] bool all_threads_stopped() const {
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
      std::ifstream file(thread.path() / "stat");
      const std::string stat((std::istreambuf_iterator<char>(file)), {});
      const auto name_end = stat.rfind(") ");
      if (name_end == std::string::npos || stat[name_end + 2] != 'T') return false;
    }
    return true;
  }

  pid_t pid_;
};

TEST_P(states, stopped_producers_are_read_or_time_out_and_nothing_is_hurt) {
  constexpr std::uint64_t small = 5'000, large = 3'000'001;
  const key first = put_pattern_by(producer, small, 1);
  const key second = put_pattern_by(producer, large, 2);
  const key third = put_pattern_by(producer, small, 3);
  const pid_t pid = producer_pid();
  barrier();
  if (rank() == 0) {
    EXPECT_THAT(read(first, {owner, 1}), fails_with(errc::ok));
    {
      const stopped while_here(pid);
      for (const auto& [object, number] : {std::pair(second, 2U), std::pair(third, 3U)}) {
        const outcome told = read(object, {owner, number}, 600ms);
        EXPECT_THAT(told, fails_with(readable_while_stopped() ? errc::ok : errc::timeout));
        EXPECT_LT(told.took, 600ms + slack);
      }
      if (!readable_while_stopped()) {
        EXPECT_GE(shared().metrics().timeouts, 2U);
      }
    }
    EXPECT_THAT(read(third, {owner, 3}), fails_with(errc::ok)) << "goes on where it stopped";
    EXPECT_THAT(read(second, {owner, 2}), fails_with(errc::ok));
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (shared().metrics().quarantined_bytes != 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);  // a counter, of which nobody is told
    }
    EXPECT_EQ(shared().metrics().quarantined_bytes, 0U) << "landing memory given up comes back";
  }
  barrier();
  EXPECT_EQ(shared().metrics().refused_requests, 0U);
  EXPECT_THAT(read(second, {owner, 2}), fails_with(errc::ok));
}

TEST_P(states, a_producer_stopped_in_the_middle_of_reads_spoils_none) {
  constexpr std::uint64_t large = 8'000'003;
  const key object = put_pattern_by(producer, large, 4);
  const pid_t pid = producer_pid();
  barrier();
  if (rank() == 0) {
    std::atomic<bool> over{false};
    std::thread trouble([&] {
      for (int i = 0; i < 3; ++i) {
        // At any moment of the reads, and for longer than the grace period: time itself is what is needed.
        std::this_thread::sleep_for(7ms);
        const stopped while_here(pid);
        std::this_thread::sleep_for(150ms);
      }
      over = true;
    });
    int reads = 0;
    do {
      EXPECT_THAT(read(object, {owner, 4}), fails_with(errc::ok));
      ++reads;
    } while (!over);
    trouble.join();
    EXPECT_GT(reads, 0);
  }
  barrier();
}

TEST_P(states, others_of_the_store_are_served_while_one_is_stopped) {
  if (size() < 3) GTEST_SKIP() << "needs a third rank";
  const int bystander = size() - 1;
  const key object = put_pattern_by(bystander, 200'000, 5);
  const pid_t pid = producer_pid();
  barrier();
  if (rank() == 0) {
    const stopped while_here(pid);
    const outcome told = read(object, {static_cast<std::uint64_t>(bystander), 5});
    EXPECT_THAT(told, fails_with(errc::ok));
    EXPECT_LT(told.took, slack);
  }
  barrier();
}

TEST_P(states, evicting_from_a_stopped_producer_times_out_and_happens_when_it_goes_on) {
  const key object = put_pattern_by(producer, 1000, 6);
  const pid_t pid = producer_pid();
  barrier();
  if (rank() == 0) {
    {
      const stopped while_here(pid);
      const outcome told = outcome_of([&] {
        shared().evict(object, {.timeout = 300ms});
        return 0;
      });
      EXPECT_THAT(told, fails_with(errc::timeout)) << "only producers evict, on every path";
      EXPECT_LT(told.took, 300ms + slack);
    }
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (shared().exists(object) && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(1ms);  // evictions are not announced
    EXPECT_THAT(read(object, {owner, 6}), fails_with(errc::stale));
  }
  barrier();
}

TEST_P(states, closing_right_after_a_time_out) {
  const key object = put_pattern_by(producer, 3'000'001, 7);
  const pid_t pid = producer_pid();
  barrier();
  if (rank() == 0) {
    const stopped while_here(pid);
    static_cast<void>(outcome_of([&] { return shared().get<bytes>(object, {.timeout = 200ms}); }));
  }
  // Reads that were given up are still pending now where the fabric needs its target; close waits for them.
  const outcome told = outcome_of([&] {
    close();
    return 0;
  });
  EXPECT_THAT(told, fails_with(errc::ok));
  EXPECT_LT(told.took, 10s + slack);
}

TEST_P(states, evicted_objects_are_stale_at_once) {
  const key object = put_pattern_by(producer, 2'000, 8);
  barrier();
  if (rank() == producer) shared().evict(object);
  barrier();
  const outcome told = read(object, {owner, 8});
  EXPECT_THAT(told, fails_with(errc::stale));
  EXPECT_LT(told.took, at_once);
  barrier();
}

TEST_P(states, restarted_producers_are_lost_at_once) {
  const key object = put_pattern_by(producer, 2'000, 9);
  close();
  open();
  static_cast<void>(put_pattern_by(producer, 2'000, 10));  // at the same place
  const outcome told = read(object, {owner, 9});
  EXPECT_THAT(told, fails_with(errc::producer_lost));
  EXPECT_LT(told.took, at_once);
  const outcome asked = outcome_of([&] { return shared().exists(object); });
  EXPECT_THAT(asked, fails_with(errc::producer_lost));
  barrier();
}

INSTANTIATE_TEST_SUITE_P(path, states, testing::ValuesIn(conformance::mpi_paths), name_of);

}  // namespace farhold::faults
