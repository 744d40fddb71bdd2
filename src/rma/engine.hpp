// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "consumer.hpp"
#include "options.hpp"
#include "producer.hpp"
#include "progress_thread.hpp"

namespace farhold::rma {

/// The one-sided connector without its lifetime rules: a producer and a consumer over one fabric, opened,
/// closed and progressed together.
///
/// Lifetime  `open` once, then `close` once, or neither. `close` may be called by the fabric (see
///           transport_listener::on_fabric_ending) when nobody else did.
class engine final : private transport_listener {
 public:
  engine(std::unique_ptr<transport> fabric, const options& options);
  ~engine();

  status open() noexcept;
  status close(std::chrono::nanoseconds timeout) noexcept;
  [[nodiscard]] bool closed() const noexcept { return closing_.load(std::memory_order_acquire); }

  // As in `connector`.
  void introduce(std::string_view uri) noexcept;
  [[nodiscard]] std::string origin(const key& object) const;
  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept {
    return reserve_batch({&size_bytes, 1}, limits, {&out, 1});
  }
  status reserve_batch(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                       std::span<reservation> out) noexcept;
  status publish(const reservation& room, type_id type, key& out) noexcept {
    return publish_batch({&room, 1}, type, {&out, 1});
  }
  status publish_batch(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept;
  void abandon(const reservation& room) noexcept { producer_.abandon(room); }
  status adopt(const resident& object, type_id type, key& out) noexcept;
  [[nodiscard]] std::pmr::memory_resource* memory() noexcept {
    return closed() ? nullptr : producer_.memory().resource();
  }
  status get(const key& object, landing& where, const call_limits& limits, read_report& report) noexcept;
  void get_batch(std::span<read_request> requests) noexcept;
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept;
  status evict(const key& object, const call_limits& limits) noexcept;
  void exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept;
  void evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept;
  void collect(metrics& m) const noexcept;

  [[nodiscard]] std::uint64_t largest_object_bytes() const noexcept {
    return producer_.memory().largest_object_bytes();
  }
  [[nodiscard]] const options& settings() const noexcept { return options_; }
  [[nodiscard]] const transport& fabric() const noexcept { return *fabric_; }

 private:
  class call_guard;

  void on_message(peer_id from, byte_view message) noexcept override;
  void on_sent(std::uint64_t cookie, status outcome) noexcept override;
  void on_fabric_ending() noexcept override;
  void on_peer_lost(peer_id peer, status why) noexcept override { consumer_.on_peer_lost(peer, why); }
  void on_refused() noexcept override { producer_.service().count_refused(); }

  status name_store() noexcept;
  [[nodiscard]] std::string uri_of(const std::string& address, std::uint64_t incarnation) const;

  std::unique_ptr<transport> fabric_;
  options options_;
  producer producer_;
  consumer consumer_;
  progress_thread progress_;
  std::atomic<std::int64_t> calls_{0};
  bool exposed_ = false;  // to peers, by the fabric; only open, close and the destructor look
  std::atomic<bool> opened_{false};
  std::atomic<bool> closing_{false};
  std::atomic<bool> fabric_left_{false};  // its close was called
};

}  // namespace farhold::rma
