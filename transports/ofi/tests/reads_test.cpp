// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Reads by providers of libfabric, the odd ones too: the right bytes, and what goes wrong once goes on for
// nobody else.
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <netinet/in.h>

#include <gtest/gtest.h>

#include "providers.hpp"
#include "remote_reads.hpp"

/// The provider `net` of libfabric 1.17 keeps a copy of fi_info for every endpoint, for ever; `tcp` and
/// `sockets` do not.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfabric"; }

namespace farhold::ofi::detail {
namespace {

using bytes = std::vector<std::byte>;
constexpr rma::net_address loopback{INADDR_LOOPBACK, 0};
constexpr peer_id good = 1, bad = 2;

bytes pattern(std::size_t size) {
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(i * 7 ^ i >> 8U);
  return made;
}

/// A process that exposes, and one that reads from it; here they are two objects.
class reads : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (choose_provider(GetParam(), loopback) == nullptr)
      GTEST_SKIP() << "this libfabric has no provider '" << GetParam() << "'";
    ASSERT_TRUE(producer->open(memory, GetParam(), loopback).ok()) << producer->why_not();
    ASSERT_TRUE(consumer.open(consumers_own, GetParam(), loopback).ok()) << consumer.why_not();
    consumer.accept(good, producer->told_to_others());
    serving = std::thread([this] {
      while (!over) {
        if (!paused) static_cast<void>(producer->progress());
        std::this_thread::yield();
      }
    });
  }
  void TearDown() override {
    over = true;
    if (serving.joinable()) serving.join();
  }
  void end_producer() {
    over = true;
    serving.join();
    producer.reset();
  }

  /// An offer of the producer's in which something is not so.
  template <class Change>
  void accept_changed(peer_id as, Change change) {
    offer told;
    ASSERT_TRUE(offer::decode(producer->told_to_others(), told));
    change(told);
    consumer.accept(as, told.encode());
  }

  /// Reads to the end, which has to come within 20 s.
  status read(peer_id from, std::uint64_t offset, bytes& to) {
    remote_read one{.peer = from, .offset = offset, .destination = to.data(), .size_bytes = to.size()};
    status s = consumer.start(one);
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (bool done = !s.ok(); !done;) {
      static_cast<void>(consumer.progress());
      s = consumer.test(one, done);
      if (std::chrono::steady_clock::now() > limit) {
        ADD_FAILURE() << "20 s have passed";
        return s;
      }
      if (!done) std::this_thread::yield();
    }
    return s;
  }
  testing::AssertionResult is_right(peer_id from, std::uint64_t offset, std::size_t size) {
    bytes landed(size, std::byte{0xEE});
    if (const status s = read(from, offset, landed); !s.ok())
      return testing::AssertionFailure() << to_string(s.code) << " " << s.native << " " << s.where;
    if (std::memcmp(landed.data(), memory.data() + offset, size) != 0)
      return testing::AssertionFailure() << "wrong bytes";
    return testing::AssertionSuccess();
  }

  bytes memory = pattern(std::size_t{4} << 20U), consumers_own = pattern(4096);
  std::unique_ptr<remote_reads> producer = std::make_unique<remote_reads>();
  remote_reads consumer;
  std::atomic<bool> over{false}, paused{false};
  std::thread serving;
};

TEST_P(reads, bring_the_right_bytes) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{64}, std::size_t{8192}, std::size_t{8193}, std::size_t{1'000'003}})
    EXPECT_TRUE(is_right(good, 77, size)) << size;
  EXPECT_TRUE(is_right(good, 0, memory.size()));
  bytes own(100);
  ASSERT_TRUE(read(0, 5, own).ok()) << "from this process itself";
  EXPECT_EQ(std::memcmp(own.data(), consumers_own.data() + 5, own.size()), 0);
}

TEST_P(reads, end_at_the_arena) {
  bytes some(100);
  EXPECT_EQ(read(good, memory.size() - 99, some).code, errc::corrupt);
  EXPECT_EQ(read(good, ~std::uint64_t{0} - 10, some).code, errc::corrupt);
  EXPECT_FALSE(consumer.wants(77)) << "who has offered nothing";
  EXPECT_EQ(read(77, 0, some).code, errc::unreachable);
}

TEST_P(reads, with_a_wrong_key_fail_and_others_go_on) {
  ASSERT_TRUE(is_right(good, 0, 1000));
  accept_changed(bad, [](offer& o) { o.key += 12345; });
  for (int i = 0; i < reader::most_failures; ++i) {
    ASSERT_TRUE(consumer.wants(bad));
    bytes some(1000);
    EXPECT_FALSE(read(bad, 0, some).ok());
    EXPECT_TRUE(is_right(good, 4096, 100'000)) << "its endpoint is as good as new";
  }
  EXPECT_FALSE(consumer.wants(bad)) << "it is not tried for ever";
  EXPECT_TRUE(consumer.wants(good));
  // Met anew it may be tried again.
  accept_changed(bad, [](offer&) {});
  EXPECT_TRUE(consumer.wants(bad));
}

TEST_P(reads, beyond_what_was_registered_fail_and_others_go_on) {
  accept_changed(bad, [](offer& o) { o.bytes += 1 << 20U; });
  bytes some(1000);
  EXPECT_FALSE(read(bad, memory.size() + 4096, some).ok());
  EXPECT_TRUE(is_right(good, 4096, 100'000));
}

TEST_P(reads, from_a_producer_that_ends_fail) {
  ASSERT_TRUE(is_right(good, 0, 1000));
  end_producer();
  bytes some(1000);
  EXPECT_FALSE(read(good, 0, some).ok());
}

TEST_P(reads, from_where_nobody_is_are_given_up) {
  const offer before = [&] {
    offer told;
    EXPECT_TRUE(offer::decode(producer->told_to_others(), told));
    return told;
  }();
  end_producer();
  consumer.accept(bad, before.encode());  // of a process that is gone, and was never connected
  bytes some(1000);
  EXPECT_FALSE(read(bad, 0, some).ok());
}

TEST_P(reads, of_many_threads_are_right_or_fail_while_others_spoil_the_endpoint) {
  ASSERT_TRUE(is_right(good, 0, 1000));
  std::atomic<int> right{0}, wrong{0};
  std::vector<std::thread> threads;
  std::atomic<bool> enough{false};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      bytes landed(std::size_t{10'000} * static_cast<std::size_t>(t + 1));
      const std::uint64_t offset = static_cast<std::uint64_t>(t) * 4096;
      for (int i = 0; i < 40; ++i) {
        if (!read(good, offset, landed).ok()) continue;
        const bool same = std::memcmp(landed.data(), memory.data() + offset, landed.size()) == 0;
        ++(same ? right : wrong);
      }
      enough = true;
    });
  }
  for (peer_id other = 10; !enough && other < 20; ++other) {
    accept_changed(other, [](offer& o) { o.key += 99; });
    bytes some(500);
    EXPECT_FALSE(read(other, 0, some).ok());
    consumer.accept(good, producer->told_to_others());  // its victims count
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(right, 0);
  EXPECT_TRUE(is_right(good, 0, 100'000));
}

INSTANTIATE_TEST_SUITE_P(providers, reads, testing::Values("tcp", "net", "sockets"),
                         [](const auto& chosen) { return std::string(chosen.param); });

}  // namespace
}  // namespace farhold::ofi::detail
