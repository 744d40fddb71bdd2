// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "messages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "harness.hpp"

namespace farhold::mpi::test {
namespace {

using detail::message_channel;
constexpr std::size_t largest = message_channel::max_message_bytes;
constexpr std::size_t small = message_channel::small_bytes;

template <class T>
byte_view bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}
template <class T>
T value_in(byte_view bytes, std::size_t at = 0) {
  T value{};
  if (bytes.size() >= at + sizeof value) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

TEST(Messages, OfAllSizesToAllPeers) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  const std::vector<std::pair<std::size_t, std::size_t>> sizes{{0, 0},
                                                               {1, 0},
                                                               {0, 1},
                                                               {64, 0},
                                                               {64, small - 64},
                                                               {64, small - 63},
                                                               {small, 0},
                                                               {small + 1, 0},
                                                               {64, 1000},
                                                               {small, 5000},
                                                               {small + 1, 5000},
                                                               {64, 65536},
                                                               {largest, 0},
                                                               {0, largest},
                                                               {64, largest - 64},
                                                               {largest - 1, 1},
                                                               {5000, largest - 5000}};
  std::vector<std::byte> bytes(largest);
  fill(bytes, n.transport.self());
  const std::size_t total = sizes.size() * n.transport.peer_count();
  std::uint64_t cookie = 0;
  for (const auto& [head, payload] : sizes) {
    for (peer_id to = 0; to < n.transport.peer_count(); ++to) {
      FARHOLD_EXPECT_OK(n.send_patiently(to, {bytes.data(), head}, {bytes.data() + head, payload}, cookie++));
    }
  }
  ASSERT_TRUE(
      n.progress_until([&] { return n.listener.message_count == total && n.listener.sent_count == total; }));

  std::map<peer_id, std::size_t> seen;
  for (const recorder::message& m : n.listener.take()) {
    const auto [head, payload] = sizes[seen[m.from]++];
    EXPECT_EQ(m.bytes.size(), head + payload);
    EXPECT_EQ(first_wrong(m.bytes, m.from), m.bytes.size());
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Messages, TheHeadIsCopiedAndThePayloadIsNot) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  std::vector<std::byte> head(2000);
  std::vector<std::byte> payload(100000);
  fill(head, 1);
  fill(payload, 2);
  FARHOLD_EXPECT_OK(n.transport.send(n.transport.self(), head, payload, 42));
  std::ranges::fill(head, std::byte{});
  std::vector<std::uint64_t> cookies;
  n.listener.sent = [&](std::uint64_t cookie) { cookies.push_back(cookie); };
  ASSERT_TRUE(n.progress_until([&] { return n.listener.message_count == 1 && n.listener.sent_count == 1; }));
  EXPECT_EQ(cookies, std::vector<std::uint64_t>{42});
  const recorder::message m = n.listener.take().at(0);
  ASSERT_EQ(m.bytes.size(), 102000U);
  EXPECT_EQ(first_wrong(byte_view(m.bytes).first(2000), 1), 2000U);
  EXPECT_EQ(first_wrong(byte_view(m.bytes).subspan(2000), 2), 100000U);
}

TEST(Messages, NonsenseIsRefused) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  const std::vector<std::byte> bytes(largest + 1);
  const byte_view all(bytes);
  FARHOLD_EXPECT_CODE(n.transport.send(0, all, {}, 1), errc::invalid_argument);
  FARHOLD_EXPECT_CODE(n.transport.send(0, {}, all, 2), errc::invalid_argument);
  FARHOLD_EXPECT_CODE(n.transport.send(0, all.first(64), all.first(largest - 63), 3), errc::invalid_argument);
  FARHOLD_EXPECT_CODE(n.transport.send(n.transport.peer_count(), all.first(8), {}, 4),
                      errc::invalid_argument);
  n.transport.progress();
  EXPECT_EQ(n.listener.sent_count, 0U);
}

TEST(Messages, KeepTheirOrderPerSource) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  constexpr std::uint32_t count = 1000;
  std::vector<std::byte> bulk(200000);
  for (std::uint32_t i = 0; i < count; ++i) {
    // Large ones in between, which take longer than the small ones behind them.
    const std::size_t payload = i % 50 == 0 ? bulk.size() : i % 7 == 0 ? 3000 : 0;
    for (peer_id to = 0; to < n.transport.peer_count(); ++to) {
      FARHOLD_EXPECT_OK(n.send_patiently(to, bytes_of(i), {bulk.data(), payload}));
    }
  }
  const std::size_t total = count * n.transport.peer_count();
  ASSERT_TRUE(
      n.progress_until([&] { return n.listener.message_count == total && n.listener.sent_count == total; }));
  std::map<peer_id, std::uint32_t> next;
  for (const recorder::message& m : n.listener.take())
    ASSERT_EQ(value_in<std::uint32_t>(m.bytes), next[m.from]++);
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Messages, FromSeveralThreads) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  // Few, because of threads that outnumber the cores under MPICH 4.0.2 (README.md).
  constexpr std::uint32_t threads = 2;
  constexpr std::uint32_t count = 100;
  const peer_id peers = n.transport.peer_count();
  const std::size_t total = std::size_t{threads} * count * peers;
  {
    const progress_thread first(n.transport);
    const progress_thread second(n.transport);
    std::vector<std::thread> senders;
    for (std::uint32_t t = 0; t < threads; ++t) {
      senders.emplace_back([&n, t, peers] {
        std::vector<std::byte> payload(t * 4000);
        for (std::uint32_t i = 0; i < count; ++i) {
          const std::array<std::uint32_t, 2> head{t, i};
          for (peer_id to = 0; to < peers; ++to)
            FARHOLD_EXPECT_OK(n.send_patiently(to, bytes_of(head), payload));
        }
        // The payload is free only when it is sent.
        ASSERT_TRUE(
            n.progress_until([&] { return n.listener.sent_count == std::size_t{threads} * count * peers; }));
      });
    }
    for (std::thread& s : senders) s.join();
    ASSERT_TRUE(n.progress_until([&] { return n.listener.message_count == total; }));
  }
  std::map<std::pair<peer_id, std::uint32_t>, std::uint32_t> next;
  for (const recorder::message& m : n.listener.take()) {
    const auto thread = value_in<std::uint32_t>(m.bytes);
    ASSERT_EQ(value_in<std::uint32_t>(m.bytes, 4), (next[{m.from, thread}]++));
    ASSERT_EQ(m.bytes.size(), 8 + thread * 4000);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Messages, AreAnsweredFromInsideTheListener) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  constexpr std::uint32_t hops = 20;
  constexpr std::uint32_t chains = 8;
  std::vector<std::byte> payload(100000);
  n.listener.react = [&](peer_id from, byte_view bytes) {
    const auto left = value_in<std::uint32_t>(bytes);
    if (left == 0) return;
    const std::uint32_t less = left - 1;
    EXPECT_FALSE(n.transport.progress()) << "somebody is progressing: this very thread";
    FARHOLD_EXPECT_OK(
        n.transport.send(from, bytes_of(less), {payload.data(), left % 2 == 0 ? payload.size() : 0}, 0));
  };
  for (std::uint32_t c = 0; c < chains; ++c) {
    for (peer_id to = 0; to < n.transport.peer_count(); ++to) {
      FARHOLD_EXPECT_OK(n.send_patiently(to, bytes_of(hops), {}));
    }
  }
  // Of each chain that begins here the even hops come back; of each that begins there the odd ones come here.
  const std::size_t total = std::size_t{hops + 1} * chains * n.transport.peer_count();
  EXPECT_TRUE(n.progress_until([&] {
    return n.listener.message_count == total && n.listener.sent_count == total;
  })) << n.listener.message_count
      << " of " << total;
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Messages, AreBoundedPerPeer) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  const peer_id self = n.transport.self();
  std::size_t accepted = 0;
  status refused;
  for (; accepted <= message_channel::max_sends; ++accepted) {
    refused = n.transport.send(self, bytes_of(accepted), {}, accepted);
    if (!refused.ok()) break;
  }
  EXPECT_EQ(accepted, message_channel::max_sends_per_peer);
  EXPECT_EQ(refused.code, errc::out_of_memory);
  EXPECT_TRUE(n.progress_until([&] { return n.listener.message_count == accepted; }));
  EXPECT_TRUE(n.progress_until([&] { return n.listener.sent_count == accepted; }));
  FARHOLD_EXPECT_OK(n.transport.send(self, bytes_of(accepted), {}, accepted));
  EXPECT_TRUE(n.progress_until([&] { return n.listener.message_count == accepted + 1; }));
}

TEST(Messages, LargeHeadsAreBounded) {
  node n(0);
  FARHOLD_EXPECT_OK(n.opened);
  const std::vector<std::byte> head(small + 1);
  std::size_t accepted = 0;
  while (n.transport.send(n.transport.self(), head, {}, 0).ok()) ++accepted;
  EXPECT_EQ(accepted, message_channel::max_large_heads);
  EXPECT_TRUE(n.progress_until(
      [&] { return n.listener.message_count == accepted && n.listener.sent_count == accepted; }));
  FARHOLD_EXPECT_OK(n.transport.send(n.transport.self(), head, {}, 0));
}

TEST(Messages, ThatAreTooLargeAreDroppedAndCounted) {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &comm);
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  const int next = (world_rank() + 1) % world_size();
  constexpr int tag = 1;
  {
    message_channel channel;
    channel.prepare(comm, static_cast<std::size_t>(world_size()));
    recorder listener;
    std::vector<std::byte> hostile(largest * 20);
    std::array<MPI_Request, 3> requests{};
    MPI_Isend(hostile.data(), static_cast<int>(largest + 1), MPI_BYTE, next, tag, comm, &requests[0]);
    MPI_Isend(hostile.data(), static_cast<int>(hostile.size()), MPI_BYTE, next, tag, comm, &requests[1]);
    MPI_Isend(hostile.data(), 10, MPI_BYTE, next, tag, comm, &requests[2]);
    const auto end = std::chrono::steady_clock::now() + plenty;
    int sent = 0;
    while ((sent == 0 || listener.message_count == 0) && std::chrono::steady_clock::now() < end) {
      channel.progress(listener);
      if (sent == 0) MPI_Testall(3, requests.data(), &sent, MPI_STATUSES_IGNORE);
    }
    EXPECT_EQ(sent, 1);
    EXPECT_EQ(channel.dropped(), 2U);
    EXPECT_EQ(channel.received(), 3U);
    ASSERT_EQ(listener.message_count, 1U);
    EXPECT_EQ(listener.take().at(0).bytes.size(), 10U);
  }
  MPI_Barrier(comm);
  MPI_Comm_free(&comm);
}

}  // namespace
}  // namespace farhold::mpi::test
