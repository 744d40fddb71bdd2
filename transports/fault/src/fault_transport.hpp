// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <farhold/fault.hpp>
#include <farhold/transport.hpp>

#include "dice.hpp"
#include "rma/passing_transport.hpp"

namespace farhold::fault {

/// Faults between an engine and the real transport, in both directions.
class fault_transport final : public rma::passing_transport {
 public:
  fault_transport(std::unique_ptr<farhold::transport> inner, const plan& what, std::shared_ptr<counts> seen)
      : passing_transport(std::move(inner)), dice_(what, std::move(seen)) {}

  status start(remote_read& read) noexcept override;
  status test(remote_read& read, bool& done) noexcept override;
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override;
  bool progress() noexcept override;
  /// What is late comes when its time has: nobody but who looks is told.
  [[nodiscard]] int event_fd() const noexcept override { return -1; }

 private:
  using time = std::chrono::steady_clock::time_point;

  /// A read and what is to become of it. The caller's remote_read holds its number.
  struct faulty_read {
    remote_read whole;
    remote_read inner;
    bool torn = false;       // the other part is still to be fetched
    bool truncated = false;  // it never is
    bool fetching = true;
    bool told = false;
    std::uint64_t other_from = 0, other_to = 0;
    std::chrono::nanoseconds told_late_by{0};
    time waits_until;
  };
  struct late_message {
    time due;
    bool behind_the_next;
    peer_id from;
    std::vector<std::byte> bytes;
  };

  void on_message(peer_id from, byte_view message) noexcept override;

  status fetch(faulty_read& f, std::uint64_t from, std::uint64_t to) noexcept;
  status advance(faulty_read& f, bool& done) noexcept;
  [[nodiscard]] bool put_off(peer_id from, byte_view message, bool behind_the_next) noexcept;
  /// The messages whose time has come, or if `next` those that were to be behind the next one.
  [[nodiscard]] std::deque<late_message> take_late(bool next) noexcept;

  dice dice_;
  std::mutex mutex_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<faulty_read>> reads_;
  std::deque<std::uint64_t> dropped_;
  std::deque<late_message> late_;
};

}  // namespace farhold::fault
