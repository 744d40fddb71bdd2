// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>
#include <farhold/key.hpp>
#include <farhold/metrics.hpp>

namespace farhold {

/// Where the bytes of one object land on their way into a target.
///
/// Lifetime  Counted. A connector whose fabric may still write after a time-out keeps its own reference
///           (quarantine); the caller then sees the failure and never the memory again.
/// Threads   One operation uses a landing at a time.
class landing : public boost::intrusive_ref_counter<landing, boost::thread_safe_counter> {
 public:
  landing() = default;
  landing(const landing&) = delete;
  landing& operator=(const landing&) = delete;
  virtual ~landing() = default;

  /// Memory for `size_bytes` bytes and `spare_bytes` more behind them, contents undefined, aligned for the
  /// object. Null when it cannot be had. May be called again, with the same size, by a second attempt.
  virtual std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept = 0;

  /// Takes the bytes from memory that can be read directly, in one pass. The memory may change meanwhile;
  /// the caller validates afterwards and calls again or drops the landing if it did.
  virtual status fill(byte_view source) noexcept = 0;
};
using landing_ptr = boost::intrusive_ptr<landing>;

/// What a connector can do beyond the minimum. Tests skip, visibly, by these.
struct connector_capabilities {
  bool other_processes = false;  ///< objects can be resolved in processes that did not put them
  bool evict_from_anywhere = true;
  bool outlives_producer = false;
  std::uint64_t max_object_bytes = ~std::uint64_t{0};
};

/// Room for one object that is being written.
struct reservation {
  byte_span memory;          ///< exactly the bytes asked for, aligned to 64
  std::uint64_t handle = 0;  ///< the connector's own
};

/// How one successful get went.
struct read_report {
  path way = path::local;
};

/// A byte-level object store beneath a `store`. The extension point for third parties.
///
/// Lifetime  Owned by its store, which calls `close` once; the destructor makes no collective call.
/// Threads   Every call but `close` may be made from any thread at any time.
/// Errors    No call throws. Timeouts bound each call; `closed` after `close`.
/// Progress  `get` progresses what it needs; a connector documents what it needs of the producer.
class connector {
 public:
  connector() = default;
  connector(const connector&) = delete;
  connector& operator=(const connector&) = delete;
  virtual ~connector() = default;

  /// What travels in a proxy so that a consumer can open the same store, such as "file:///scratch/run7".
  [[nodiscard]] virtual const std::string& uri() const noexcept = 0;
  [[nodiscard]] virtual connector_capabilities capabilities() const noexcept = 0;

  /// Makes room for an object of exactly `size_bytes`, writable until published or abandoned.
  virtual status reserve(std::uint64_t size_bytes, std::chrono::nanoseconds timeout,
                         reservation& out) noexcept = 0;
  /// Ends the reservation: from now on the object can be read, under the key written to `out`. After an error
  /// the reservation stands, and the caller abandons it.
  virtual status publish(const reservation& room, type_id type, key& out) noexcept = 0;
  virtual void abandon(const reservation& room) noexcept = 0;

  /// Brings the bytes of the object into `where`. After an error the landing must not be looked at.
  virtual status get(const key& object, landing& where, std::chrono::nanoseconds timeout,
                     read_report& report) noexcept = 0;
  virtual status exists(const key& object, std::chrono::nanoseconds timeout, bool& answer) noexcept = 0;
  /// Ends the object: each later get is `stale` (or `not_found` where the connector cannot tell).
  virtual status evict(const key& object, std::chrono::nanoseconds timeout) noexcept = 0;

  /// Ends the connector. Collective where the transport is; what it cannot release in time it leaks, on
  /// purpose, and returns `timeout`.
  virtual status close(std::chrono::nanoseconds timeout) noexcept = 0;

  /// Adds this connector's own counters.
  virtual void collect(metrics&) const noexcept {}

  /// What a user can do about `problem`, as the end of a sentence; empty for the general advice.
  [[nodiscard]] virtual std::string cure(const status& /*problem*/) const { return {}; }
};

}  // namespace farhold
