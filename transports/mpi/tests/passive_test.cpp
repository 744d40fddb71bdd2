// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Reads from a rank whose main thread does something else. The others tell it that they are done through
// shared memory, because anything of MPI would make it progress.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <new>

#include "harness.hpp"

namespace farhold::mpi::test {
namespace {

/// A counter all ranks of this host see.
class shared_counter {
 public:
  shared_counter() {
    std::array<char, 64> name{};
    std::snprintf(name.data(), name.size(), "/farhold-passive-%ld", static_cast<long>(getpid()));
    MPI_Bcast(name.data(), static_cast<int>(name.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
    const int file = shm_open(name.data(), O_RDWR | O_CREAT, 0600);
    EXPECT_GE(file, 0);
    EXPECT_EQ(ftruncate(file, sizeof(std::atomic<int>)), 0);
    void* const page = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    EXPECT_NE(page, MAP_FAILED);
    close(file);
    count_ = static_cast<std::atomic<int>*>(page);  // a fresh segment is zeros, which is a counter at 0
    MPI_Barrier(MPI_COMM_WORLD);
    shm_unlink(name.data());
  }
  shared_counter(const shared_counter&) = delete;
  shared_counter& operator=(const shared_counter&) = delete;
  ~shared_counter() { munmap(count_, sizeof(std::atomic<int>)); }

  void add() { ++*count_; }
  [[nodiscard]] bool reaches(int goal) const {
    const auto end = std::chrono::steady_clock::now() + plenty;
    while (*count_ < goal && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return *count_ >= goal;
  }

 private:
  std::atomic<int>* count_ = nullptr;
};

/// Rank 0 stays away until all others have read from it.
void read_from_rank_0(node& n) {
  shared_counter done;
  if (n.transport.self() == 0) {
    EXPECT_TRUE(done.reaches(world_size() - 1));
    return;
  }
  std::vector<std::byte> landing(n.memory.size() - 100);
  for (int i = 0; i < 5; ++i) {
    FARHOLD_EXPECT_OK(read(n.transport, 0, 100, landing));
    EXPECT_EQ(first_wrong(landing, 0, 100), landing.size());
  }
  done.add();
}

TEST(Passive, ATargetWithAProgressThreadIsRead) {
  if (!windows_expected()) GTEST_SKIP() << "no windows in this run";
  node n(20'000'000);
  FARHOLD_EXPECT_OK(n.opened);
  const progress_thread thread(n.transport);
  read_from_rank_0(n);
}

TEST(Passive, ATargetOutsideOfMpiIsReadUnderOpenMpi) {
#ifdef OPEN_MPI
  if (!windows_expected()) GTEST_SKIP() << "no windows in this run";
  node n(20'000'000);
  FARHOLD_EXPECT_OK(n.opened);
  read_from_rank_0(n);
#else
  GTEST_SKIP() << "MPICH moves reads only while the target polls MPI";
#endif
}

TEST(Passive, ATargetWithAProgressThreadAnswers) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  const std::array<std::byte, 100> question{};
  n.listener.react = [&](peer_id from, byte_view) {
    if (n.transport.self() == 0) FARHOLD_EXPECT_OK(n.transport.send(from, question, {}, 0));
  };
  const progress_thread thread(n.transport);
  shared_counter done;
  if (n.transport.self() == 0) {
    EXPECT_TRUE(done.reaches(world_size() - 1));
  } else {
    FARHOLD_EXPECT_OK(n.transport.send(0, question, {}, 0));
    EXPECT_TRUE(n.progress_until([&] { return n.listener.message_count == 1; }));
    done.add();
  }
}

}  // namespace
}  // namespace farhold::mpi::test
