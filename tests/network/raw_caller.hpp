// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "network/network.hpp"
#include "network/raw_wire.hpp"
#include "rma/messages.hpp"
#include "rma/ticket.hpp"

namespace farhold::test {

/// A producer with one object, and somebody with a wire of its own who is connected to it.
class raw_caller : public testing::Test {
 protected:
  explicit raw_caller(const std::string& settings) : producer(told.kept(settings)) {}

  void SetUp() override {
    ASSERT_EQ(producer.ask("open " + uri("address=lo")), "done");
    token = producer.ask("put 50000 1");
    const auto made = store_factory::from_text(token);
    ASSERT_TRUE(rma::ticket::from_key(made.object(), object).ok());
    address = address_of(made.uri());
    line.call(address);
  }

  /// Becomes acquainted, as anybody who knows the secret can.
  void meet(const rma::job_secret& secret) {
    const auto mine = rma::handshake::draw();
    const auto challenge = line.hello(object.incarnation, mine);
    ASSERT_TRUE(challenge);
    wire::reader in(challenge->body);
    link = in.take<rma::link_number>();
    static_cast<void>(in.take<std::uint32_t>());
    keys = rma::handshake(secret, rma::handshake::role::caller, object.incarnation, mine,
                          in.take<rma::handshake::nonce>());
    sent = 1;
    line.send(raw_wire::calling, raw_wire::kind::response, link, sent, &keys, keys.mine());
    const auto welcome = line.receive();
    ASSERT_TRUE(welcome);
    ASSERT_EQ(welcome->head.what, raw_wire::kind::welcome);
  }
  void say(byte_view body) {
    line.send(raw_wire::calling, raw_wire::kind::message, link, ++sent, &keys, body);
  }

  /// The producer has refused so many packets, soon.
  void expect_refused(int count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (producer.ask("count refused") != std::to_string(count) && std::chrono::steady_clock::now() < end)
      line.turn();
    EXPECT_EQ(producer.ask("count refused"), std::to_string(count));
  }

  notices told;
  peer producer;
  std::string token, address;
  rma::ticket object;
  raw_wire line;

  rma::link_number link = 0;  ///< the producer's number of the connection
  rma::handshake keys;
  std::uint64_t sent = 0;
};

}  // namespace farhold::test
