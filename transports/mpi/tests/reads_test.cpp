// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <limits>

#include "harness.hpp"

namespace farhold::mpi::test {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t chunk = detail::window::chunk_bytes;

class Reads : public testing::Test {
 protected:
  void SetUp() override {
    if (!windows_expected()) GTEST_SKIP() << "no windows in this run";
  }
};

TEST_F(Reads, OfAllSizesFromAllPeers) {
  node n(41 * mib);
  FARHOLD_EXPECT_OK(n.opened);
  ASSERT_TRUE(n.transport.capabilities().one_sided) << n.transport.why_no_window();
  std::vector<std::byte> landing(40 * mib + 1);
  for (peer_id peer = 0; peer < n.transport.peer_count(); ++peer) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{64}, 64 * kib - 1,
                                     64 * kib, 64 * kib + 1, chunk - 1, chunk, chunk + 1, 40 * mib}) {
      for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{12345}}) {
        const std::byte guard{0xa5};
        landing[size] = guard;
        const byte_span into(landing.data(), size);
        FARHOLD_EXPECT_OK(read(n.transport, peer, offset, into));
        EXPECT_EQ(first_wrong(into, peer, offset), size) << "peer " << peer << " offset " << offset;
        EXPECT_EQ(landing[size], guard) << size;
        std::ranges::fill(into, std::byte{});
      }
    }
  }
}

TEST_F(Reads, AtTheLastByte) {
  node n(1000 + static_cast<std::size_t>(world_rank()));
  FARHOLD_EXPECT_OK(n.opened);
  for (peer_id peer = 0; peer < n.transport.peer_count(); ++peer) {
    std::array<std::byte, 1> one{};
    FARHOLD_EXPECT_OK(read(n.transport, peer, 999U + peer, one));
    EXPECT_EQ(one[0], pattern(peer, 999U + peer));
    FARHOLD_EXPECT_OK(read(n.transport, peer, 1000U + peer, {}));  // nothing, at the end
  }
}

TEST_F(Reads, OutOfRangeAreRefusedBeforeAnythingIsPosted) {
  node n(1000 + static_cast<std::size_t>(world_rank()));
  FARHOLD_EXPECT_OK(n.opened);
  std::array<std::byte, 64> landing{};
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  for (peer_id peer = 0; peer < n.transport.peer_count(); ++peer) {
    const std::uint64_t end = 1000U + peer;
    for (const auto& [offset, size] :
         std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{{end, 1},
                                                                        {end - 63, 64},
                                                                        {end + 1, 0},
                                                                        {0, end + 1},
                                                                        {huge, 1},
                                                                        {huge - 63, 64},
                                                                        {1, huge},
                                                                        {huge, huge}}) {
      remote_read request{peer, offset, landing.data(), size, {}};
      FARHOLD_EXPECT_CODE(n.transport.start(request), errc::invalid_argument);
    }
  }
  remote_read nobody{n.transport.peer_count(), 0, landing.data(), 1, {}};
  FARHOLD_EXPECT_CODE(n.transport.start(nobody), errc::invalid_argument);
  remote_read nowhere{0, 0, nullptr, 1, {}};
  FARHOLD_EXPECT_CODE(n.transport.start(nowhere), errc::invalid_argument);
}

TEST_F(Reads, RanksWithoutMemory) {
  node n(world_rank() % 2 == 0 ? 0 : 4096);
  FARHOLD_EXPECT_OK(n.opened);
  EXPECT_TRUE(n.transport.capabilities().one_sided) << n.transport.why_no_window();
  std::vector<std::byte> landing(4096);
  for (peer_id peer = 0; peer < n.transport.peer_count(); ++peer) {
    const status outcome = read(n.transport, peer, 0, landing);
    EXPECT_EQ(outcome.code, peer % 2 == 0 ? errc::invalid_argument : errc::ok) << explain(outcome);
    if (outcome.ok()) {
      EXPECT_EQ(first_wrong(landing, peer), landing.size());
    }
  }
}

TEST_F(Reads, BeyondFourGiB) {
  // Address space only: no page but the last ones is touched.
  const bool mine = world_rank() == 0;
  constexpr std::uint64_t size = 5 * 1024 * mib;
  void* const space =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(space, MAP_FAILED);
  const byte_span memory(static_cast<std::byte*>(space), mine ? size : 0);
  const std::uint64_t offset = size - mib - 13;
  if (mine) fill(memory.subspan(offset), 0, offset);

  recorder listener;
  mpi_transport t(MPI_COMM_WORLD);
  FARHOLD_EXPECT_OK(t.open(memory, {}, {}, listener, plenty));
  ASSERT_TRUE(t.capabilities().one_sided) << t.why_no_window();
  std::vector<std::byte> landing(mib + 13);
  FARHOLD_EXPECT_OK(read(t, 0, offset, landing));
  EXPECT_EQ(first_wrong(landing, 0, offset), landing.size());
  FARHOLD_EXPECT_OK(t.close(plenty));
  munmap(space, size);
}

TEST_F(Reads, FromFourThreads) {
  node n(2 * mib);
  FARHOLD_EXPECT_OK(n.opened);
  const peer_id peers = n.transport.peer_count();
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&n, t, peers] {
      std::vector<std::byte> landing(200 * kib);
      std::uint64_t state = t + 1;
      for (int i = 0; i < 150; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t size = (state >> 33U) % landing.size();
        const std::uint64_t offset = (state >> 20U) % (2 * mib - size);
        const auto peer = static_cast<peer_id>((state >> 50U) % peers);
        const byte_span into(landing.data(), size);
        FARHOLD_EXPECT_OK(read(n.transport, peer, offset, into));
        ASSERT_EQ(first_wrong(into, peer, offset), size);
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST_F(Reads, ManyAtATimeAndMovedByCopy) {
  node n(4 * mib);
  FARHOLD_EXPECT_OK(n.opened);
  constexpr std::size_t count = 64;
  std::vector<std::byte> landing(count * 64 * kib);
  std::vector<remote_read> reads;
  for (std::size_t i = 0; i < count; ++i) {
    reads.push_back({static_cast<peer_id>(i % n.transport.peer_count()),
                     i * 1000,
                     landing.data() + i * 64 * kib,
                     64 * kib,
                     {}});
    FARHOLD_EXPECT_OK(n.transport.start(reads.back()));
  }
  std::vector<remote_read> moved(reads.rbegin(), reads.rend());
  reads.clear();
  reads.shrink_to_fit();
  const auto end = std::chrono::steady_clock::now() + plenty;
  while (!moved.empty() && std::chrono::steady_clock::now() < end) {
    std::erase_if(moved, [&](remote_read& r) {
      bool done = false;
      FARHOLD_EXPECT_OK(n.transport.test(r, done));
      return done;
    });
  }
  EXPECT_TRUE(moved.empty());
  for (std::size_t i = 0; i < count; ++i) {
    const byte_view bytes(landing.data() + i * 64 * kib, 64 * kib);
    EXPECT_EQ(first_wrong(bytes, i % n.transport.peer_count(), i * 1000), bytes.size()) << i;
  }
}

TEST_F(Reads, SeeWhatTheOwnerWroteBefore) {
  node n(4096);
  FARHOLD_EXPECT_OK(n.opened);
  for (std::uint64_t round = 1; round <= 20; ++round) {
    MPI_Barrier(MPI_COMM_WORLD);
    fill(n.memory, round * 100 + n.transport.self());
    n.transport.memory_changed();
    MPI_Barrier(MPI_COMM_WORLD);
    std::vector<std::byte> landing(4096);
    for (peer_id peer = 0; peer < n.transport.peer_count(); ++peer) {
      FARHOLD_EXPECT_OK(read(n.transport, peer, 0, landing));
      EXPECT_EQ(first_wrong(landing, round * 100 + peer), landing.size()) << "round " << round;
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }
}

}  // namespace
}  // namespace farhold::mpi::test
