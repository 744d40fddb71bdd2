// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include "connection.hpp"

namespace farhold::redis {

/// Connections that nobody uses at the moment, and calls that survive the loss of one.
///
/// Threads  All of it, without a lock.
class pool {
 public:
  pool(const options& how, connection::identity who) : server_(how), who_(std::move(who)) {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() { drop(); }

  /// Calls `act(connection, repeated)`. While the outcome is `unreachable` (the server hung up, is not there,
  /// or is loading) it does so again with another connection, until the caller's time or patience is over.
  /// `repeated` says that an earlier attempt may have been carried out.
  template <class Act>
  status with(const patience& caller, Act&& act) noexcept {
    // What has no time is not begun: a command that was sent cannot be taken back.
    if (const status over = caller.left("begin"); !over.ok()) return over;
    auto nap = first_nap;
    status absence;
    for (bool repeated = false;;) {
      std::unique_ptr<connection> mine = take();
      const bool fresh = mine == nullptr;
      status outcome = fresh ? connection::open(server_, who_, caller, mine) : status{};
      const bool connected = outcome.ok();
      if (connected) {
        outcome = act(*mine, repeated);
        repeated = true;
        if (mine->usable()) give(std::move(mine));
      }
      // Whose time ends while he tries again is told why he had to.
      if (outcome.code == errc::timeout && !absence.ok() && !connected) return absence;
      if (outcome.code != errc::unreachable) return outcome;
      absence = outcome;
      if (const status over = caller.left("wait for the server"); !over.ok()) {
        return over.code == errc::cancelled ? over : outcome;
      }
      if (!fresh) continue;  // an old one was broken: the server may well be there
      std::this_thread::sleep_for(
          std::min<std::chrono::milliseconds>(nap, std::chrono::milliseconds(caller.nap_ms())));
      nap = std::min(2 * nap, longest_nap);
    }
  }

  /// One attempt, without patience for a server that is not there.
  status try_once(const patience& caller) noexcept {
    std::unique_ptr<connection> mine;
    const status outcome = connection::open(server_, who_, caller, mine);
    if (outcome.ok()) give(std::move(mine));
    return outcome;
  }

  void drop() noexcept {
    for (auto& place : idle_) delete place.exchange(nullptr);
  }

 private:
  static constexpr std::chrono::milliseconds first_nap{2};
  static constexpr std::chrono::milliseconds longest_nap{200};

  std::unique_ptr<connection> take() noexcept {
    for (auto& place : idle_) {
      if (place.load(std::memory_order_relaxed) == nullptr) continue;
      std::unique_ptr<connection> found(place.exchange(nullptr, std::memory_order_acquire));
      if (found != nullptr && found->still_good()) return found;
    }
    return nullptr;
  }
  void give(std::unique_ptr<connection> mine) noexcept {
    for (auto& place : idle_) {
      connection* empty = nullptr;
      if (place.compare_exchange_strong(empty, mine.get(), std::memory_order_release)) {
        static_cast<void>(mine.release());
        return;
      }
    }
  }

  const server server_;
  const connection::identity who_;
  std::array<std::atomic<connection*>, 16> idle_{};  // more threads than that make connections of their own
};

}  // namespace farhold::redis
