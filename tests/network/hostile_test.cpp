// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Peers that send what they please to a producer that lives: it refuses, counts, and serves on.
#include <array>
#include <limits>
#include <random>

#include <sys/socket.h>

#include "network/raw_caller.hpp"
#include "rma/control_channel.hpp"

namespace farhold::test {
namespace {

using kind = raw_wire::kind;
using message = rma::message;

class hostile : public raw_caller {
 protected:
  hostile() : raw_caller("FARHOLD_SECRET=") {}
  /// What was there before is there after.
  void TearDown() override {
    peer consumer(with(""));
    consumer.ask("open " + uri("same_host=off"));
    EXPECT_EQ(consumer.ask("resolve " + token + " 50000 1"), "ok") << consumer.last_answer;
  }
};

TEST_F(hostile, packets_before_hello_are_refused) {
  const auto ask = message::encode_request(message::kind::read, 1, object);
  std::array<std::byte, rma::control_frame::head_bytes> garbage;
  garbage.fill(std::byte{0x5A});
  line.send_raw(raw_wire::calling, garbage, ask);
  expect_refused(1);
  line.call(address);  // some wires tell only of the first packet where it comes from
  std::array<std::byte, 40> too_short{};
  line.send(raw_wire::calling, kind::hello, 0, 0, nullptr, too_short);
  expect_refused(2);
  auto newer = rma::control_frame::encode(kind::hello, 0, 0, nullptr, {}, {});
  newer[2] = std::byte{99};
  line.send_raw(raw_wire::calling, newer, {});
  expect_refused(3);
  for (const auto what : {kind::challenge, kind::response, kind::welcome, kind::refusal, kind::message})
    line.send(raw_wire::calling, what, 77, 1, nullptr, ask);  // to nobody
  EXPECT_EQ(producer.ask("count served"), "0");
  EXPECT_EQ(told.with_words("somebody sent").size(), 1U) << "logged once";
}

TEST_F(hostile, requests_for_what_is_no_object_are_refused_and_counted) {
  ASSERT_NO_FATAL_FAILURE(meet({}));
  constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  const auto with_change = [&](auto change) {
    rma::ticket t = object;
    change(t);
    return t;
  };
  const std::array refused{
      with_change([](rma::ticket& t) { t.offset = 0; }),
      with_change([](rma::ticket& t) { t.offset += 1; }),
      with_change([](rma::ticket& t) { t.offset = huge - 63; }),
      with_change([](rma::ticket& t) { t.offset = 1ULL << 40U; }),
      with_change([](rma::ticket& t) { t.length = huge; }),
      with_change([](rma::ticket& t) { t.length = 1ULL << 40U; }),
      with_change([](rma::ticket& t) { t.arena = 1; }),
      with_change([](rma::ticket& t) { t.arena = huge & 0xFFFF'FFFFU; }),
      with_change([](rma::ticket& t) { t.slot = 0xFFFF'FFFFU; }),
      with_change([](rma::ticket& t) { t.incarnation ^= 1; }),
      with_change([](rma::ticket& t) { t.type.value ^= 1; }),
      with_change([](rma::ticket& t) { t.generation = 0; }),
  };
  int count = 0;
  for (const rma::ticket& t : refused) {
    for (const auto what : {message::kind::read, message::kind::exists, message::kind::evict}) {
      say(message::encode_request(what, 1, t));
      ++count;
    }
  }
  expect_refused(count);
  // Of another time, which is no offence.
  say(message::encode_request(message::kind::read, 1, with_change([](rma::ticket& t) { ++t.generation; })));
  say(raw_wire::bytes(16));
  say(raw_wire::bytes(60'000, std::byte{0x33}));
  say({});
  expect_refused(count + 3);
  EXPECT_EQ(told.with_words("what is no object").size(), 1U) << "logged once";
}

TEST_F(hostile, random_packets_hurt_nobody) {
  std::mt19937_64 random(20240229);
  for (int round = 0; round < 60; ++round) {
    raw_wire::bytes body(random() % 300);
    for (std::byte& b : body) b = static_cast<std::byte>(random());
    auto head =
        rma::control_frame::encode(static_cast<kind>(1 + random() % 6),
                                   static_cast<std::uint32_t>(random() % 8), random() % 4, nullptr, body, {});
    if (round % 3 == 0) head[random() % head.size()] = static_cast<std::byte>(random());
    line.send_raw(raw_wire::calling, head, body);
    if (round % 10 == 9) line.call(address);
  }
}

TEST_F(hostile, random_messages_of_an_acquaintance_hurt_nobody) {
  ASSERT_NO_FATAL_FAILURE(meet({}));
  std::mt19937_64 random(7);
  const auto good = message::encode_request(message::kind::read, 1, object);
  for (int round = 0; round < 300; ++round) {
    raw_wire::bytes body(good.begin(), good.end());
    for (int i = 0; i < 3; ++i) body[random() % body.size()] = static_cast<std::byte>(random());
    body[1] =
        static_cast<std::byte>(round % 2 == 0 ? 1 : 2);  // reads and questions, that all can be shown after
    if (round % 5 == 0) body.resize(random() % body.size());
    say(body);
  }
}

TEST_F(hostile, callers_that_say_nothing_do_not_keep_others_out) {
  line.call_in_silence(address, rma::control_channel::max_callers + 20);
}

TEST_F(hostile, bytes_that_are_not_even_of_the_wire_at_the_listeners_port) {
  const auto where = rma::net_address::parse(address);
  ASSERT_TRUE(where);
  std::mt19937_64 random(11);
  for (int round = 0; round < 20; ++round) {
    const int raw = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in to = where->to_sockaddr();
    ASSERT_EQ(::connect(raw, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    std::array<unsigned char, 300> bytes;
    for (unsigned char& b : bytes) b = static_cast<unsigned char>(random());
    static_cast<void>(::send(raw, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    ::close(raw);
  }
}

}  // namespace
}  // namespace farhold::test
