// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Each fault by itself, seen from both sides of the decorated transport.
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/fault.hpp>

#include "support/solo_transport.hpp"

namespace farhold::fault {
namespace {

using namespace std::chrono_literals;

/// What a peer hears.
struct ear final : transport_listener {
  void on_message(peer_id, byte_view message) noexcept override {
    heard.emplace_back(reinterpret_cast<const char*>(message.data()), message.size());
  }
  void on_sent(std::uint64_t cookie, status) noexcept override { sent.push_back(cookie); }
  void on_fabric_ending() noexcept override {}
  void on_peer_lost(peer_id, status) noexcept override {}
  void on_refused() noexcept override {}

  std::vector<std::string> heard;
  std::vector<std::uint64_t> sent;
};

/// Two peers, with faults at the second.
class faults : public ::testing::Test {
 protected:
  void connect(const plan& what) {
    constexpr std::size_t queue = 1000;
    fabric = std::make_shared<farhold::test::solo_fabric>(
        farhold::test::solo_options{.peers = 2, .queue_messages = queue});
    seen = std::make_shared<counts>();
    for (std::size_t i = 0; i < 2; ++i) ears[i] = {};
    peers[0] = std::make_unique<farhold::test::solo_transport>(fabric, 0);
    peers[1] = transport(std::make_unique<farhold::test::solo_transport>(fabric, 1), what, seen);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::byte>(i);
    std::thread other([&] { EXPECT_TRUE(peers[0]->open(memory, {}, {}, ears[0], 10s).ok()); });
    EXPECT_TRUE(peers[1]->open({}, {}, {}, ears[1], 10s).ok());
    other.join();
  }
  static byte_view text(const std::string& of) { return std::as_bytes(std::span(of)); }

  /// Sends the numbers below `count` to the second peer, who listens after each, and for a while at the end.
  void send_numbers(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(peers[0]->send(1, text(std::to_string(i)), {}, static_cast<std::uint64_t>(i)).ok());
      peers[1]->progress();
    }
    const auto end = std::chrono::steady_clock::now() + 50ms;
    while (std::chrono::steady_clock::now() < end) peers[1]->progress();
  }
  static std::vector<std::string> numbers(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back(std::to_string(i));
    return all;
  }
  /// The outcome of a whole read by the second peer, and how long it took.
  std::pair<status, std::chrono::nanoseconds> read() {
    landed.fill(std::byte{0});
    remote_read wanted{.peer = 0, .offset = 0, .destination = landed.data(), .size_bytes = landed.size()};
    const auto began = std::chrono::steady_clock::now();
    status s = peers[1]->start(wanted);
    for (bool done = !s.ok(); !done;) s = peers[1]->test(wanted, done);
    return {s, std::chrono::steady_clock::now() - began};
  }

  std::shared_ptr<farhold::test::solo_fabric> fabric;
  std::shared_ptr<counts> seen;
  std::array<ear, 2> ears;
  std::array<std::unique_ptr<farhold::transport>, 2> peers;
  std::array<std::byte, 256> memory{}, landed{};
};

TEST_F(faults, none_are_none) {
  connect({});
  send_numbers(100);
  EXPECT_EQ(numbers(100), ears[1].heard);
  EXPECT_TRUE(read().first.ok());
  EXPECT_EQ(memory, landed);
  EXPECT_EQ(0U, seen->delayed + seen->failed + seen->torn + seen->truncated + seen->duplicated +
                    seen->dropped + seen->reordered);
}

TEST_F(faults, reordered_messages_come_behind_the_next_and_none_is_lost) {
  connect({.reorder = 0.2, .delay_time = 10s});
  send_numbers(200);
  ASSERT_GT(seen->reordered, 0U);
  EXPECT_NE(numbers(200), ears[1].heard);
  std::vector<std::string> all = numbers(200);
  for (std::size_t i = 0; i < ears[1].heard.size(); ++i) {
    const int number = std::stoi(ears[1].heard[i]);
    EXPECT_LE(std::abs(number - static_cast<int>(i)), 4) << "a few places, as each waits for one only";
    std::erase(all, ears[1].heard[i]);
  }
  EXPECT_LE(all.size(), 1U) << "but the last, if it waits for another";
}

TEST_F(faults, a_reordered_message_that_nothing_follows_comes_late) {
  connect({.reorder = 1, .delay_time = 5ms});
  send_numbers(1);
  EXPECT_EQ(numbers(1), ears[1].heard);
}

TEST_F(faults, duplicates_come_twice_cut_ones_are_cut_and_dropped_ones_never_come) {
  connect({.duplicate = 1});
  send_numbers(3);
  EXPECT_EQ((std::vector<std::string>{"0", "0", "1", "1", "2", "2"}), ears[1].heard);
  connect({.truncate = 1});
  EXPECT_TRUE(peers[0]->send(1, text("0123456789"), {}, 1).ok());
  peers[1]->progress();
  EXPECT_EQ(std::vector<std::string>{"01234"}, ears[1].heard);
  connect({.drop = 1});
  EXPECT_TRUE(peers[1]->send(0, text("lost"), {}, 7).ok());
  for (int i = 0; i < 10; ++i) peers[0]->progress(), peers[1]->progress();
  EXPECT_EQ(std::vector<std::uint64_t>{7}, ears[1].sent) << "its sender thinks that it is out";
  EXPECT_TRUE(ears[0].heard.empty());
  EXPECT_EQ(1U, seen->dropped);
}

TEST_F(faults, the_halves_of_a_torn_read_are_fetched_apart_and_either_may_be_first) {
  connect({.tear = 1, .delay_time = 20ms});
  bool first[2] = {false, false};
  for (int i = 0; i < 40; ++i) {
    landed.fill(std::byte{0});
    remote_read wanted{.peer = 0, .offset = 0, .destination = landed.data(), .size_bytes = landed.size()};
    ASSERT_TRUE(peers[1]->start(wanted).ok());
    for (bool done = false; !done;) {
      ASSERT_TRUE(peers[1]->test(wanted, done).ok());
      const bool lower = landed[1] != std::byte{0}, upper = landed[255] != std::byte{0};
      if (lower != upper) first[lower ? 0 : 1] = true;
    }
    EXPECT_EQ(memory, landed);
    if (first[0] && first[1]) break;
  }
  EXPECT_TRUE(first[0] && first[1]);
  EXPECT_GT(seen->torn, 0U);
}

TEST_F(faults, reads_are_told_late_or_very_late_or_fail_with_half_of_it) {
  connect({.delay = 1, .delay_time = 20ms});
  EXPECT_GE(read().second, 20ms);
  EXPECT_EQ(memory, landed);
  connect({.drop = 1, .lost_time = 40ms});
  EXPECT_GE(read().second, 40ms);
  EXPECT_EQ(memory, landed);
  connect({.truncate = 1});
  EXPECT_EQ(errc::transport_failure, read().first.code);
  EXPECT_EQ(memory[127], landed[127]);
  EXPECT_EQ(std::byte{0}, landed[128]);
}

TEST_F(faults, the_nth_call_of_each_kind_fails_and_no_other) {
  connect({.fail_nth = 3});
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(i == 3, !peers[1]->send(0, text("x"), {}, 1).ok()) << i;
  }
  for (int i = 1; i <= 5; ++i) {
    // The third start; and the third test, which is that of the fourth read that starts.
    EXPECT_EQ(i == 3 || i == 4, !read().first.ok()) << i;
  }
  EXPECT_EQ(3U, seen->failed);
}

TEST_F(faults, the_same_calls_meet_the_same_faults) {
  const auto met_with = [&](std::uint64_t seed) {
    connect({.seed = seed, .fail = 0.3, .duplicate = 0.3});
    std::string met;
    for (int i = 0; i < 100; ++i) met += peers[1]->send(0, text("x"), {}, 1).ok() ? 's' : 'f';
    send_numbers(50);
    for (const std::string& one : ears[1].heard) met += one + " ";
    return met;
  };
  const std::string first = met_with(7);
  EXPECT_EQ(first, met_with(7));
  EXPECT_NE(first, met_with(8));
}

}  // namespace
}  // namespace farhold::fault
