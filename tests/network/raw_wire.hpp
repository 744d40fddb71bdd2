// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "detail/wire.hpp"
#include "rma/admission.hpp"
#include "rma/control_frames.hpp"
#include "rma/net_address.hpp"
#include "wire_under_test.hpp"

namespace farhold::test {

/// One end of a connection in the test's own hands, which says what it likes.
class raw_wire final : private rma::wire_listener {
 public:
  using bytes = std::vector<std::byte>;
  using kind = rma::control_frame::kind;
  using handshake = rma::handshake;

  struct arrival {
    rma::control_frame head;
    bytes body;
  };

  static constexpr rma::link_number calling = 1;  ///< our number of a connection that we make
  static constexpr rma::link_number called = 2;   ///< of the one that somebody makes to us

  raw_wire() {
    address_ = {INADDR_LOOPBACK, 0};
    EXPECT_TRUE(wire_.open(address_).ok());
  }
  ~raw_wire() {
    for (const rma::link_number n : {calling, called}) wire_.hang_up(n, false);
    for (const rma::link_number n : silent_) wire_.hang_up(n, false);
    wire_.close();
  }

  [[nodiscard]] std::string address() const { return address_.to_string(); }
  void call(std::string_view where) {
    broken_ = false;
    wire_.hang_up(calling, false);
    ASSERT_TRUE(wire_.call(where, calling).ok());
  }

  /// Sends exactly these bytes, the first of them as the head.
  void send_raw(rma::link_number over, byte_view head, byte_view body) {
    ASSERT_EQ(head.size(), rma::control_frame::head_bytes);
    rma::packet& p = packets_.emplace_back();
    std::copy(head.begin(), head.end(), p.head.begin());
    const bool fits = body.size() <= p.front.size();
    if (fits) {
      std::copy(body.begin(), body.end(), p.front.begin());
      p.front_bytes = static_cast<std::uint32_t>(body.size());
    } else {
      kept_.emplace_back(body.begin(), body.end());
      p.payload = kept_.back();
    }
    static_cast<void>(wire_.post(over, p));
    for (int i = 0; i < 100; ++i) static_cast<void>(wire_.turn(*this));
  }
  void send(rma::link_number over, kind what, std::uint32_t to, std::uint64_t number, const handshake* keys,
            byte_view body) {
    send_raw(over, rma::control_frame::encode(what, to, number, keys, body, {}), body);
  }

  /// The next packet; nothing if the other end has hung up, or says nothing for 10 s.
  std::optional<arrival> receive(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (arrived_.empty() && !broken_ && std::chrono::steady_clock::now() < end)
      static_cast<void>(wire_.turn(*this));
    if (arrived_.empty()) return std::nullopt;
    arrival next = std::move(arrived_.front());
    arrived_.pop_front();
    return next;
  }
  void turn() { static_cast<void>(wire_.turn(*this)); }
  /// Makes so many more connections and says nothing over them.
  void call_in_silence(std::string_view where, rma::link_number count) {
    constexpr rma::link_number first = 1000;
    for (rma::link_number i = 0; i < count; ++i) {
      EXPECT_TRUE(wire_.call(where, first + i).ok());
      silent_.push_back(first + i);
      turn();
    }
    for (int i = 0; i < 1000; ++i) turn();
  }
  [[nodiscard]] bool broken() const { return broken_; }
  /// Until somebody has called, at most 10 s.
  bool wait_for_call() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!was_called_ && std::chrono::steady_clock::now() < end) static_cast<void>(wire_.turn(*this));
    return was_called_;
  }

  /// The first half of a meeting as a caller: what the producer answers to hello.
  std::optional<arrival> hello(std::uint64_t incarnation, const handshake::nonce& nonce) {
    std::array<std::byte, rma::control_frame::hello_bytes> body{};
    wire::writer to(body.data());
    to.put(incarnation);
    to.put(calling);
    to.put(std::uint32_t{0});
    to.put(nonce);
    send(calling, kind::hello, 0, 0, nullptr, body);
    return receive();
  }

 private:
  rma::link_number on_call() noexcept override {
    was_called_ = true;
    return called;
  }
  void on_packet(rma::link_number, byte_view head, byte_view body) noexcept override {
    arrival a;
    if (rma::control_frame::decode(head, a.head)) {
      a.body.assign(body.begin(), body.end());
      arrived_.push_back(std::move(a));
    }
  }
  void on_out(rma::packet&, status) noexcept override {}
  void on_broken(rma::link_number, status) noexcept override { broken_ = true; }
  void on_nonsense() noexcept override {}

  std::vector<rma::link_number> silent_;
  std::deque<rma::packet> packets_;
  std::deque<bytes> kept_;
  std::deque<arrival> arrived_;
  bool broken_ = false;
  bool was_called_ = false;
  rma::net_address address_;
  wire_under_test wire_;
};

}  // namespace farhold::test
