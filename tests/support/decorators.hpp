// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/local.hpp>

namespace farhold::test {

/// What a `watched_connector` saw, and what it is told to do. Outlives the connector.
struct watch {
  std::atomic<int> reserved{0}, published{0}, abandoned{0}, gets{0}, get_batches{0}, closed{0};
  std::atomic<int> failing_gets{0};       ///< so many of the next gets fail
  std::atomic<errc> get_error{errc::ok};  ///< with this
  std::atomic<errc> reserve_error{errc::ok}, publish_error{errc::ok};
  std::atomic<bool> keeps_landings{false};  ///< of gets that fail, as a fabric does that may still write
  std::atomic<int> get_delay_ms{0};         ///< so long each get takes
  std::atomic<std::int64_t> last_timeout_ns{0};
};

/// Passes everything on to a local connector, which may be shared with others; counts it, and fails or waits
/// on demand.
class watched_connector : public connector {
 public:
  explicit watched_connector(std::shared_ptr<watch> w, std::string uri = {},
                             std::shared_ptr<connector> inner = local::connector())
      : watch_(std::move(w)), uri_(std::move(uri)), inner_(std::move(inner)) {}

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return inner_->capabilities();
  }

  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override {
    watch_->last_timeout_ns = limits.timeout.count();
    if (watch_->reserve_error != errc::ok) return {watch_->reserve_error, 0, "reserve as told"};
    const status s = inner_->reserve(size_bytes, limits, out);
    if (s.ok()) ++watch_->reserved;
    return s;
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    if (watch_->publish_error != errc::ok) return {watch_->publish_error, 7, "publish as told"};
    ++watch_->published;
    return inner_->publish(room, type, out);
  }
  void abandon(const reservation& room) noexcept override {
    ++watch_->abandoned;
    inner_->abandon(room);
  }
  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    ++watch_->gets;
    watch_->last_timeout_ns = limits.timeout.count();
    std::this_thread::sleep_for(std::chrono::milliseconds(watch_->get_delay_ms));
    if (watch_->failing_gets.fetch_sub(1) > 0) {
      if (watch_->keeps_landings) kept_.emplace_back(&where);
      return {watch_->get_error, 42, "get as told"};
    }
    return inner_->get(object, where, limits, report);
  }
  void get_batch(std::span<read_request> requests) noexcept override {
    ++watch_->get_batches;
    connector::get_batch(requests);
  }
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept override {
    return inner_->exists(object, limits, answer);
  }
  status evict(const key& object, const call_limits& limits) noexcept override {
    return inner_->evict(object, limits);
  }
  status close(std::chrono::nanoseconds timeout) noexcept override {
    ++watch_->closed;
    return inner_->close(timeout);
  }
  void collect(metrics& m) const noexcept override { inner_->collect(m); }

 private:
  std::shared_ptr<watch> watch_;
  std::string uri_;
  std::shared_ptr<connector> inner_;
  std::vector<landing_ptr> kept_;
};

inline std::unique_ptr<connector> watched(const std::shared_ptr<watch>& w, std::string uri = {}) {
  return std::make_unique<watched_connector>(w, std::move(uri));
}

}  // namespace farhold::test
