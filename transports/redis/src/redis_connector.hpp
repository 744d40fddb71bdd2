// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <farhold/redis.hpp>
#include <farhold/registry.hpp>

#include "object.hpp"
#include "pool.hpp"
#include "rma/host.hpp"
#include "transfer.hpp"

namespace farhold::redis {

/// What a URI describes.
std::unique_ptr<farhold::connector> open(uri& address);

class redis_connector final : public farhold::connector {
 public:
  explicit redis_connector(const options& how);

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override;

  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override;
  status publish(const reservation& reserved, type_id type, key& out) noexcept override;
  void abandon(const reservation& reserved) noexcept override;
  status promise(std::uint64_t size_bytes, type_id type, const call_limits& limits,
                 key& out) noexcept override;
  status publish_batch(std::span<const reservation> rooms, type_id type,
                       std::span<key> out) noexcept override;

  status get(const key& from, landing& where, const call_limits& limits,
             read_report& report) noexcept override;
  void get_batch(std::span<read_request> requests) noexcept override;
  status exists(const key& from, const call_limits& limits, bool& answer) noexcept override;
  void exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept override;
  status evict(const key& from, const call_limits& limits) noexcept override;
  void evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept override;

  status close(std::chrono::nanoseconds timeout) noexcept override;
  void collect(metrics& m) const noexcept override { m.evicted += evicted_; }
  [[nodiscard]] std::string cure(const status& problem) const override;

 private:
  static status absent(const connection& c, const object& what) noexcept;
  [[nodiscard]] status find(const key& from, object& out) const noexcept;
  [[nodiscard]] status name(const reservation& reserved, object& out) const noexcept;
  status store_some(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept;
  status load_counted(const object& what, landing& where, const patience& caller) noexcept;
  status load_some(connection& c, std::span<read_request> requests, std::size_t& done,
                   const patience& caller) noexcept;
  /// Asks one question about each, with a number for an answer, in few round trips.
  template <class Ask, class Answer>
  void for_each(std::span<key_request> requests, const call_limits& limits, Ask ask, Answer answer) noexcept;
  void undo(std::span<const object> undone, const status& why, const patience& caller);
  void pay_debts(const patience& caller);
  status remove_silently(std::span<const object> all, const patience& caller);

  const std::string uri_;
  options how_;
  pool pool_;
  std::atomic<bool> closed_{false};
  const std::uint64_t consumer_ = rma::random_number();
  std::atomic<std::uint64_t> reads_begun_{0};
  std::atomic<std::uint64_t> evicted_{0};
  std::atomic<bool> in_debt_{false};
  std::mutex debts_mutex_;
  std::vector<object> debts_;  // what is to be removed when the server is there again
};

}  // namespace farhold::redis
