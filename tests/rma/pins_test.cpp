// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Pins by themselves: lanes, full and lost ones, hostile ones, and a forked child.
#include "rma/pins.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "rma/host.hpp"

namespace farhold::rma {
namespace {

constexpr std::uint64_t incarnation = 77;

class pins : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(segment.create(incarnation)); }

  bool claim(pin_lane& lane) { return lane.claim(::getpid(), segment.fd(), incarnation); }
  std::vector<std::uint64_t> pinned() {
    std::vector<std::uint64_t> all;
    EXPECT_TRUE(segment.collect(all));
    return all;
  }
  /// The segment as anybody can map it who can open it.
  std::byte* hostile() {
    void* const at =
        ::mmap(nullptr, pin_layout::segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, segment.fd(), 0);
    EXPECT_NE(MAP_FAILED, at);
    return static_cast<std::byte*>(at);
  }
  void set_owner(std::uint32_t lane, std::uint64_t owner) {
    std::byte* const at = hostile();
    pin_layout::owner(at, lane).store(owner);
    ::munmap(at, pin_layout::segment_bytes);
  }

  pin_segment segment;
};

TEST_F(pins, are_seen_by_the_producer_while_they_last) {
  pin_lane lane;
  ASSERT_TRUE(claim(lane));
  EXPECT_TRUE(pinned().empty());
  const auto first = lane.pin(9), second = lane.pin(5), same = lane.pin(5);
  EXPECT_EQ((std::vector<std::uint64_t>{5, 5, 9}), pinned());
  EXPECT_EQ(3U, lane.held());
  lane.unpin(second);
  EXPECT_EQ((std::vector<std::uint64_t>{5, 9}), pinned());
  lane.unpin(same);
  lane.unpin(first);
  EXPECT_TRUE(pinned().empty());
}

TEST_F(pins, a_lane_is_full_at_some_time_and_usable_again) {
  pin_lane lane;
  ASSERT_TRUE(claim(lane));
  std::set<std::uint32_t> entries;
  for (std::uint64_t i = 1; i <= pin_layout::entries; ++i) entries.insert(lane.pin(i));
  EXPECT_EQ(pin_layout::entries, entries.size());
  EXPECT_EQ(pin_lane::none, lane.pin(1));
  lane.unpin(17);
  EXPECT_EQ(17U, lane.pin(1));
}

TEST_F(pins, there_is_a_lane_for_each_of_many_consumers_and_no_more) {
  std::deque<pin_lane> lanes(pin_layout::lanes);
  for (pin_lane& lane : lanes) ASSERT_TRUE(claim(lane));
  pin_lane late;
  EXPECT_FALSE(claim(late));
  EXPECT_EQ(pin_lane::none, late.pin(1));
  lanes.pop_front();
  EXPECT_TRUE(claim(late));
}

TEST_F(pins, threads_share_a_lane) {
  pin_lane lane;
  ASSERT_TRUE(claim(lane));
  std::vector<std::thread> threads;
  for (std::uint64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10'000; ++i) {
        const std::uint32_t mine = lane.pin(t);
        const std::uint32_t other = lane.pin(t);
        EXPECT_NE(mine, other);
        lane.unpin(mine);
        lane.unpin(other);
      }
    });
  }
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(0U, lane.held());
}

/// In a forked child: takes a lane and pins generation 5, as long as the child is this program.
void pin_for_life(pid_t parent, const pin_segment& segment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto* const lane = new pin_lane;
  if (!lane->claim(parent, segment.fd(), incarnation) || lane->pin(5) == pin_lane::none) ::_exit(1);
}

/// A process that takes a lane, pins generation 5 and is killed; with its entry in the table of processes
/// still there (a zombie) or gone.
void pin_and_die(const pin_segment& segment, bool reap) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    pin_for_life(parent, segment);
    ::raise(SIGKILL);
  }
  siginfo_t how{};
  ASSERT_EQ(0, ::waitid(P_PID, static_cast<id_t>(child), &how, WEXITED | (reap ? 0 : WNOWAIT)));
  ASSERT_EQ(CLD_KILLED, how.si_code);
}

TEST_F(pins, of_a_killed_process_are_given_back) {
  pin_lane living;
  ASSERT_TRUE(claim(living));
  static_cast<void>(living.pin(7));
  for (const bool reaped : {false, true}) {
    pin_segment fresh;
    ASSERT_OK(fresh.create(incarnation));
    pin_and_die(fresh, reaped);
    std::vector<std::uint64_t> all;
    ASSERT_TRUE(fresh.collect(all));
    EXPECT_EQ(std::vector<std::uint64_t>{5}, all);
    fresh.reap();
    ASSERT_TRUE(fresh.collect(all));
    EXPECT_TRUE(all.empty());
  }
  segment.reap();
  EXPECT_EQ(std::vector<std::uint64_t>{7}, pinned());
}

TEST_F(pins, of_a_process_that_becomes_another_program_are_given_back) {
  pin_lane living;
  ASSERT_TRUE(claim(living));
  static_cast<void>(living.pin(7));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    pin_for_life(parent, segment);
    ::execlp("sleep", "sleep", "600", nullptr);
    ::_exit(2);
  }
  const auto seen = [&](std::uint64_t generation) {
    const auto all = pinned();
    return std::find(all.begin(), all.end(), generation) != all.end();
  };
  while (!seen(5)) ASSERT_EQ(0, ::waitpid(child, nullptr, WNOHANG));
  while (seen(5)) {
    segment.reap();
    ASSERT_EQ(0, ::waitpid(child, nullptr, WNOHANG)) << "it lives on";
  }
  pin_lane next;
  EXPECT_TRUE(claim(next));
  EXPECT_EQ(std::vector<std::uint64_t>{7}, pinned());
  ::kill(child, SIGKILL);
  ASSERT_EQ(child, ::waitpid(child, nullptr, 0));
}

TEST_F(pins, of_processes_that_are_looked_at_stay) {
  int ready[2];
  ASSERT_EQ(0, ::pipe(ready));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    pin_for_life(parent, segment);
    static_cast<void>(::write(ready[1], "1", 1));
    for (;;) {  // and it comes and goes by another lane
      pin_lane brief;
      if (!brief.claim(parent, segment.fd(), incarnation)) ::_exit(1);
      static_cast<void>(brief.pin(7));
    }
  }
  char one = 0;
  ASSERT_EQ(1, ::read(ready[0], &one, 1));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);  // some ten looks
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (std::chrono::steady_clock::now() < end) segment.reap();
    });
  }
  std::vector<std::uint64_t> all;
  while (std::chrono::steady_clock::now() < end) {
    all = pinned();
    EXPECT_TRUE(std::binary_search(all.begin(), all.end(), std::uint64_t{5}));
    if (HasFailure()) break;  // once is enough
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(0, ::waitpid(child, nullptr, WNOHANG)) << "it found a lane each time";
  ::kill(child, SIGKILL);
  ASSERT_EQ(child, ::waitpid(child, nullptr, 0));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(pins, a_lane_of_the_dead_is_taken_when_there_is_no_other) {
  std::deque<pin_lane> lanes(pin_layout::lanes - 1);
  for (pin_lane& lane : lanes) ASSERT_TRUE(claim(lane));
  pin_and_die(segment, true);
  pin_lane heir;
  ASSERT_TRUE(claim(heir));
  EXPECT_TRUE(pinned().empty()) << "not the pins, though";
}

TEST_F(pins, owners_that_were_never_there_hurt_nobody) {
  const std::array<std::uint64_t, 5> owners{1, ~std::uint64_t{0}, std::uint64_t{1} << 63U, 0x3FFFFF,
                                            static_cast<std::uint64_t>(::getpid())};  // with another start
  for (std::uint32_t lane = 0; lane < owners.size(); ++lane) set_owner(lane, owners[lane]);
  segment.reap();
  pin_lane lane;
  ASSERT_TRUE(claim(lane));
  EXPECT_NE(pin_lane::none, lane.pin(3));
  EXPECT_EQ(std::vector<std::uint64_t>{3}, pinned());
}

TEST_F(pins, a_segment_full_of_rubbish_only_keeps_blocks) {
  std::byte* const at = hostile();
  std::memset(at, 0xA5, pin_layout::segment_bytes);
  EXPECT_EQ(std::size_t{pin_layout::lanes} * pin_layout::entries, pinned().size());
  segment.reap();
  pin_lane lane;
  EXPECT_FALSE(claim(lane)) << "its magic is gone";
  ::munmap(at, pin_layout::segment_bytes);
}

TEST_F(pins, cannot_be_made_to_end_in_sigbus) {
  EXPECT_EQ(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, ::fcntl(segment.fd(), F_GET_SEALS));
  EXPECT_EQ(-1, ::ftruncate(segment.fd(), 0));
}

TEST_F(pins, files_that_are_something_else_are_refused) {
  pin_lane lane;
  EXPECT_FALSE(lane.claim(::getpid(), segment.fd(), incarnation + 1));
  EXPECT_FALSE(lane.claim(::getpid(), -1, incarnation));
  EXPECT_FALSE(lane.claim(::getpid(), 1'000'000, incarnation));
  EXPECT_FALSE(lane.claim(::getpid(), 0, incarnation));
  for (const auto& [bytes, seals] : {std::pair{pin_layout::segment_bytes, 0},  // could shrink
                                     {pin_layout::segment_bytes - 4096, F_SEAL_SHRINK | F_SEAL_GROW},
                                     {pin_layout::segment_bytes + 4096, F_SEAL_SHRINK | F_SEAL_GROW}}) {
    const int fd = ::memfd_create("other", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(0, ::ftruncate(fd, static_cast<off_t>(bytes)));
    const pin_layout::header head{.incarnation = incarnation, .processes = process_namespaces()};
    ASSERT_EQ(static_cast<ssize_t>(sizeof head), ::pwrite(fd, &head, sizeof head, 0));
    ::fcntl(fd, F_ADD_SEALS, seals);
    EXPECT_FALSE(lane.claim(::getpid(), fd, incarnation));
    ::close(fd);
  }
  EXPECT_EQ(pin_lane::none, lane.pin(1));
}

TEST_F(pins, of_processes_that_the_producer_cannot_name_are_refused) {
  const namespaces_of_processes mine = process_namespaces();
  ASSERT_NE(0U, mine.pid);
  ASSERT_NE(0U, mine.time);
  for (const auto& of_producer : {namespaces_of_processes{}, namespaces_of_processes{mine.pid + 1, mine.time},
                                  namespaces_of_processes{mine.pid, mine.time + 1}}) {
    std::byte* const at = hostile();
    pin_layout::header head;
    std::memcpy(&head, at, sizeof head);
    head.processes = of_producer;
    std::memcpy(at, &head, sizeof head);
    ::munmap(at, pin_layout::segment_bytes);
    pin_lane lane;
    EXPECT_FALSE(claim(lane));
  }
}

TEST_F(pins, a_forked_child_lets_go_of_nothing) {
  auto lane = std::make_unique<pin_lane>();
  ASSERT_TRUE(claim(*lane));
  const std::uint32_t entry = lane->pin(5);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool was = lane->unpin(entry);
    lane.reset();
    ::_exit(was ? 1 : 0);
  }
  int how = 0;
  ASSERT_EQ(child, ::waitpid(child, &how, 0));
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  EXPECT_EQ(std::vector<std::uint64_t>{5}, pinned());
}

TEST(maps_file, tells_what_a_process_has_in_its_memory) {
  pin_segment mapped;
  ASSERT_OK(mapped.create(incarnation));
  struct stat file {};
  ASSERT_EQ(0, ::fstat(mapped.fd(), &file));
  EXPECT_TRUE(maps_file(::getpid(), file.st_dev, file.st_ino));
  EXPECT_FALSE(maps_file(::getpid(), file.st_dev, file.st_ino + 1'000'000));
  EXPECT_FALSE(maps_file(::getpid(), file.st_dev + 1, file.st_ino));
  EXPECT_TRUE(maps_file(0x3FFFFF, file.st_dev, file.st_ino)) << "which nobody can see";
}

TEST(process_ended, tells_the_living_from_the_dead) {
  const pid_t me = ::getpid();
  EXPECT_FALSE(process_ended(me, start_time(me)));
  EXPECT_TRUE(process_ended(me, start_time(me) + 1)) << "the pid's former owner";
  EXPECT_FALSE(process_ended(0, 0));
  EXPECT_FALSE(process_ended(-1, 0));
  EXPECT_TRUE(process_ended(0x3FFFFF, 5));
}

}  // namespace
}  // namespace farhold::rma
