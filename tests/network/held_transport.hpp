// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rma/passing_transport.hpp"

namespace farhold::test {

/// Points at which a process stops to be told what happens next, so that tests can make it happen exactly
/// there: it prints "at POINT" and waits for a line.
class hold {
 public:
  /// From "hold=POINT:N:REST": at the N-th time that the point is passed, once. Before the transport is
  /// opened. The rest; nothing if it says no such thing.
  static std::optional<std::string> set(const std::string& how) {
    constexpr std::string_view key = "hold=";
    if (!how.starts_with(key)) return std::nullopt;
    const auto colon = how.find(':'), second = how.find(':', colon + 1);
    wanted_ = how.substr(key.size(), colon - key.size());
    left_ = std::stoi(how.substr(colon + 1));
    return how.substr(second + 1);
  }
  static void pass(const std::string& point) noexcept {
    if (point != wanted_ || --left_ != 0) return;
    std::cout << "at " << point << std::endl;
    std::string line;
    std::getline(std::cin, line);
  }

 private:
  static inline std::string wanted_;
  static inline std::atomic<int> left_{0};
};

/// Passes everything on, and these points: "connecting", when the transport is first asked to bring two
/// processes together; "message", whenever one has arrived; "reading", when a read is first asked after.
class held_transport final : public rma::passing_transport {
 public:
  using passing_transport::passing_transport;

  status meet(peer_id peer, bool& done) noexcept override {
    hold::pass("connecting");
    return passing_transport::meet(peer, done);
  }
  status test(remote_read& read, bool& done) noexcept override {
    hold::pass("reading");
    return passing_transport::test(read, done);
  }

 private:
  void on_message(peer_id from, byte_view message) noexcept override {
    hold::pass("message");
    passing_transport::on_message(from, message);
  }
};

}  // namespace farhold::test
