// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/local.hpp>

namespace farhold::test {

/// How a `memory_connector` brings bytes into a landing.
enum class landing_way {
  local,      ///< as the local connector does: by `fill`, or by `show` if that will do
  fill,       ///< by `fill`, and no views
  prepare,    ///< as a fabric: payload and 72 bytes more behind it, into prepared memory
  revocable,  ///< as a fabric that can take a read back
};

/// What a `memory_connector` saw, and what it is told to do. Outlives the connector.
struct memory_watch {
  std::atomic<landing_way> way{landing_way::local};
  std::atomic<errc> adopt_error{errc::ok}, get_error{errc::ok}, evict_error{errc::ok};
  std::atomic<int> adopted{0}, reserved{0}, gets{0};
  std::pmr::memory_resource* memory = nullptr;
  const void* last_adopted = nullptr;
  landing_ptr kept;  ///< with get_error: the landing, as a quarantine keeps it

  void count_eviction() {
    const std::scoped_lock lock(mutex_);
    ++evictions_;
    changed_.notify_all();
  }
  /// Waits until so many calls of evict have ended.
  [[nodiscard]] bool evictions(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return evictions_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int evictions_ = 0;
};

/// A local connector that is told how to behave towards memory.
class memory_connector final : public connector {
 public:
  explicit memory_connector(std::shared_ptr<memory_watch> w) : watch_(std::move(w)) {}

  [[nodiscard]] const std::string& uri() const noexcept override { return inner_->uri(); }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return inner_->capabilities();
  }
  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override {
    ++watch_->reserved;
    return inner_->reserve(size_bytes, limits, out);
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    return inner_->publish(room, type, out);
  }
  void abandon(const reservation& room) noexcept override { inner_->abandon(room); }
  status adopt(const resident& object, type_id type, key& out) noexcept override {
    watch_->last_adopted = object.memory.data();
    if (watch_->adopt_error != errc::ok) return {watch_->adopt_error, 0, "adopt as told"};
    ++watch_->adopted;
    return inner_->adopt(object, type, out);
  }
  [[nodiscard]] std::pmr::memory_resource* memory() noexcept override { return watch_->memory; }

  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    ++watch_->gets;
    if (watch_->way == landing_way::local && watch_->get_error == errc::ok)
      return inner_->get(object, where, limits, report);
    const boost::intrusive_ptr<bytes_landing> found(new bytes_landing);
    if (const status s = inner_->get(object, *found, limits, report); !s.ok()) return s;
    return deliver(found->bytes, where);
  }
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept override {
    return inner_->exists(object, limits, answer);
  }
  status evict(const key& object, const call_limits& limits) noexcept override {
    if (watch_->evict_error != errc::ok) return {watch_->evict_error, 0, "evict as told"};
    const status s = inner_->evict(object, limits);
    watch_->count_eviction();
    return s;
  }
  status close(std::chrono::nanoseconds timeout) noexcept override { return inner_->close(timeout); }
  void collect(metrics& m) const noexcept override { inner_->collect(m); }

 private:
  static constexpr std::size_t spare_bytes = 72;

  struct bytes_landing final : landing {
    std::vector<std::byte> bytes;
    std::byte* prepare(std::uint64_t, std::uint64_t) noexcept override { return nullptr; }
    status fill(byte_view source) noexcept override {
      bytes.assign(source.begin(), source.end());
      return {};
    }
  };

  status deliver(byte_view bytes, landing& where) noexcept {
    if (watch_->way == landing_way::fill) return where.fill(bytes);
    const bool revocable = watch_->way == landing_way::revocable;
    std::byte* const to =
        revocable ? where.prepare_revocable(bytes.size()) : where.prepare(bytes.size(), spare_bytes);
    if (to == nullptr) return {errc::out_of_memory, 0, "prepare"};
    if (watch_->get_error != errc::ok) {
      watch_->kept = &where;
      return {watch_->get_error, 0, "get as told"};
    }
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    if (!revocable) std::memset(to + bytes.size(), 0xEE, spare_bytes);
    return {};
  }

  std::shared_ptr<memory_watch> watch_;
  std::unique_ptr<connector> inner_ = local::connector();
};

}  // namespace farhold::test
