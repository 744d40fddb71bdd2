// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <farhold/key.hpp>

namespace farhold {

namespace detail {

class store_core;

/// An object that is to be evicted.
struct due_object {
  std::weak_ptr<store_core> store;
  key object;
  /// Evicts it, if its store is still open and it is still there. What goes wrong is counted by the store
  /// (`metrics::failed_evictions`) and logged.
  void evict() const noexcept;
};
/// By the time they are due. A map, because its nodes can be made beforehand and moved in without failing.
using due_objects = std::multimap<std::chrono::steady_clock::time_point, due_object>;

class end_note;

}  // namespace detail

/// Objects that are put with a scope are evicted when it ends:
///
///     {
///       farhold::scope step;
///       send(store.proxy(field, {.lifetime = step}));
///       …                                         // until everybody has answered
///     }
///
/// Lifetime  Outlives the calls that name it; may outlive the stores.
/// Threads   Objects may be put with it from many threads.
/// Errors    An eviction that fails is counted and logged, and the others are made all the same. Objects that
///           are gone by then are no failure.
class scope {
 public:
  scope() noexcept = default;
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope() { end(); }

  /// Evicts now what was put with it so far.
  void end() noexcept;

 private:
  friend detail::end_note;

  std::mutex mutex_;
  detail::due_objects objects_;
};

/// How long a stored object stays, unless it is evicted before: until its store is closed, until a scope
/// ends, for a time, or for a number of reads. What a consumer has resolved by then stays with it.
class lifetime {
 public:
  lifetime() noexcept = default;
  lifetime(scope& until_end) noexcept : scope_(&until_end) {}  // NOLINT: a scope is a lifetime
  explicit lifetime(std::chrono::nanoseconds time) noexcept : time_(time) {}
  static lifetime of_reads(std::uint32_t count) noexcept {
    lifetime made;
    made.reads_ = count;
    return made;
  }

  /// Whether the object is evicted by calls of `evict` only.
  [[nodiscard]] bool is_explicit() const noexcept { return scope_ == nullptr && !time_ && !reads_; }
  /// After how many reads it ends, if that is its lifetime.
  [[nodiscard]] std::optional<std::uint32_t> reads() const noexcept { return reads_; }

 private:
  friend detail::end_note;

  scope* scope_ = nullptr;
  std::optional<std::chrono::nanoseconds> time_;
  std::optional<std::uint32_t> reads_;
};

/// A lifetime that ends after `time`, counted from the call that stores the object; a thread of farhold
/// evicts it soon after.
inline lifetime time_to_live(std::chrono::nanoseconds time) noexcept { return lifetime(time); }

/// A lifetime that ends with the last of `reads` reads: transfers, by whomever, each counted once. Further
/// ones are `stale`. What is resolved in a process already, or is in a store's cache, is no transfer. Not
/// every connector can count them; `put` is `unsupported` then, and nothing was stored (docs/lifetimes.md).
inline lifetime evict_after(std::uint32_t reads) noexcept { return lifetime::of_reads(reads); }

/// What a call that stores an object may be told.
struct put_options {
  /// The longest the call may take; the store's own `timeout` if not given.
  std::optional<std::chrono::nanoseconds> timeout = std::nullopt;
  /// Asks a call that waits to give up: it then ends with `cancelled`, and nothing was stored.
  std::stop_token stop = {};
  /// With a lifetime of its own an object is never inlined: values in proxies cannot be evicted.
  farhold::lifetime lifetime = {};
  /// The call returns when the object would survive the end of this process and a power failure;
  /// `unsupported` if the store's connector cannot do that. Such an object is never inlined nor adopted.
  bool durable = false;
  /// What kind of object it is, to the policies of `farhold::multi`. Others do not look.
  std::string tag = {};
};

namespace detail {

/// A place for an object's end. It is made before the object is stored, so that noting the end cannot fail.
class end_note {
 public:
  /// Throws `invalid_argument` for a time that is not above zero.
  end_note(const lifetime& until, const std::shared_ptr<store_core>& store);
  void object_is(const key& object) noexcept;

 private:
  scope* scope_;
  due_objects::node_type place_;  // empty: the object ends when it is evicted
};

}  // namespace detail
}  // namespace farhold
