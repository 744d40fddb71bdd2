// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/call_options.hpp>
#include <farhold/connector.hpp>
#include <farhold/detail/store_address.hpp>

namespace farhold {

/// What a store may be told when it is made.
struct store_options {
  std::size_t inline_bytes = 1024;  ///< objects up to this size travel inside their proxy; 0 = none
  /// Containers that are moved in are published where they lie from this size on. Smaller ones are copied
  /// into the connector's own memory: that takes microseconds, and readers reach it by shorter ways.
  std::size_t adopt_bytes = std::size_t{64} << 10U;
  std::size_t cache_bytes = 0;  ///< resolved objects kept for later proxies of the same key; 0 = no cache
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  ///< of calls that do not say their own
};

struct put_options;

namespace detail {

class object_cache;

/// The part of a store that its proxies see: shared, and untyped. All of it throws `farhold::error`.
class store_core {
 public:
  store_core(std::string name, std::unique_ptr<connector> connector, const store_options& options);
  ~store_core();
  store_core(const store_core&) = delete;
  store_core& operator=(const store_core&) = delete;

  [[nodiscard]] const store_address_ptr& address() const noexcept { return address_; }
  /// What a proxy of `object` says of its store, whoever put it.
  [[nodiscard]] store_address_ptr address_of(const key& object) const;
  /// Tells the connector how to reach the store of that URI, see connector::introduce.
  void introduce(std::string_view uri) noexcept {
    if (usable().ok()) connector_->introduce(uri);
  }
  /// False if it was inherited by fork.
  [[nodiscard]] bool of_this_process() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept { return address_->name; }
  [[nodiscard]] const store_options& options() const noexcept { return options_; }

  /// What a connector is told of an object of that type. Throws if it cannot do what is asked of it.
  [[nodiscard]] object_hints hints(const put_options& options, type_id type) const;
  [[nodiscard]] reservation reserve(std::uint64_t size_bytes, const call_options& call,
                                    const object_hints& hints);
  [[nodiscard]] key publish(const reservation& room, type_id type);
  void abandon(const reservation& room) noexcept;
  /// Publishes memory in place. False, and nothing done, if the connector can't.
  [[nodiscard]] bool adopt(const resident& memory, type_id type, key& out);
  [[nodiscard]] std::pmr::memory_resource* memory() const noexcept { return connector_->memory(); }

  // Many at once. All or none of a reservation or publication.
  [[nodiscard]] std::vector<reservation> reserve_batch(std::span<const std::uint64_t> sizes_bytes,
                                                       const call_options& call, const object_hints& hints);
  [[nodiscard]] std::vector<key> publish_batch(std::span<const reservation> rooms, type_id type);

  void read(const key& object, landing& where, const call_options& call);
  /// Fills in what became of each; `failure` makes an error of an outcome.
  void read_batch(std::span<read_request> requests) noexcept;
  [[nodiscard]] error failure(const status& problem, const char* action, const key* object) const;
  [[nodiscard]] call_limits limits(const call_options& call) const {
    return {call.timeout.value_or(options_.timeout), call.stop};
  }

  [[nodiscard]] bool exists(const key& object, const call_options& call);
  void evict(const key& object, const call_options& call);
  [[nodiscard]] std::vector<bool> exists_batch(std::span<const key> objects, const call_options& call);
  void evict_batch(std::span<const key> objects, const call_options& call);
  void close(const call_options& call);

  /// The target made earlier of this key as the type `tag` stands for; null if it is not in the cache.
  [[nodiscard]] landing_ptr cached(const key& object, const void* tag);
  void remember(const key& object, const void* tag, landing_ptr target);
  void count_inlined(std::uint64_t bytes) noexcept;
  void count_failed_eviction() noexcept;

  [[nodiscard]] metrics snapshot() const;

 private:
  /// Whether calls may go on; `closed` if not.
  [[nodiscard]] status usable() const noexcept;
  void require_open(const char* action) const;
  void count(path way, std::uint64_t bytes) noexcept;
  void count_failure(errc code) noexcept;

  struct counters {
    std::array<std::atomic<std::uint64_t>, path_count> resolves{};
    std::array<std::atomic<std::uint64_t>, path_count> bytes{};
    std::atomic<std::uint64_t> published{0}, published_bytes{0}, published_in_place{0}, failed_evictions{0},
        failed{0}, stale{0}, timeouts{0};
  };

  store_address_ptr address_;
  std::unique_ptr<connector> connector_;
  store_options options_;
  std::unique_ptr<object_cache> cache_;
  counters counters_;
  std::atomic<bool> closed_{false};
  std::uint64_t fork_epoch_;
};

/// The store of that name, open in this process. Throws `store_unknown` with the cure.
std::shared_ptr<store_core> find_store(const store_address& address);

/// Counts a resolve that needed no store, if the store is open here all the same.
void count_inlined(const store_address& address, std::uint64_t bytes) noexcept;

[[noreturn]] void throw_wrong_type(const key& object, type_id wanted);

}  // namespace detail
}  // namespace farhold
