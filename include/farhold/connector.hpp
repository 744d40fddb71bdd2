// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <farhold/bytes.hpp>
#include <farhold/call_options.hpp>
#include <farhold/detail/reference_count.hpp>
#include <farhold/error.hpp>
#include <farhold/key.hpp>
#include <farhold/metrics.hpp>

namespace farhold {

/// Keeps a producer's memory as it is while a view shows it.
///
/// Lifetime  Move-only; the end of it lets the memory go. May outlive the store it came from.
/// Threads   May end on any thread.
class pin {
 public:
  using releaser = void (*)(void* context, std::uint64_t token) noexcept;

  pin() = default;
  /// `survives_fork`: a forked child has the memory, too, as it has all of its parent's heap.
  pin(releaser release, void* context, std::uint64_t token, bool survives_fork = false) noexcept
      : release_(release), context_(context), token_(token), survives_fork_(survives_fork) {}
  pin(pin&& other) noexcept
      : release_(std::exchange(other.release_, nullptr)),
        context_(other.context_),
        token_(other.token_),
        survives_fork_(other.survives_fork_) {}
  pin& operator=(pin&& other) noexcept {
    std::swap(release_, other.release_);
    std::swap(context_, other.context_);
    std::swap(token_, other.token_);
    std::swap(survives_fork_, other.survives_fork_);
    return *this;
  }
  ~pin() {
    if (release_ != nullptr) release_(context_, token_);
  }
  [[nodiscard]] bool survives_fork() const noexcept { return survives_fork_; }

 private:
  releaser release_ = nullptr;
  void* context_ = nullptr;
  std::uint64_t token_ = 0;
  bool survives_fork_ = false;
};

/// Memory of the user's that is to be published where it lies.
///
/// Adopted memory is released after the object's end, when readers had their grace period and the last view
/// of it has ended. Lent memory is released inside the `evict` that ends it, or inside `close`, also one that
/// times out; nobody has views of it. If that call is a `timeout`, somebody still reads: then the memory is
/// the lender's again only when `release` is called. Adopted memory whose `close` timed out is never
/// released.
struct resident {
  byte_view memory;
  bool lent = false;  ///< the user keeps it and wants it back soon after the object's end
  /// It is all of what was taken from the connector's `memory()` at once, and nobody else's lies in the room
  /// that alignment left behind it. Not what a pool over that resource has cut off.
  bool born = false;
  void* owner = nullptr;  ///< given to `release`
  /// Called once, on any thread, when nobody can look at the memory any more.
  void (*release)(void* owner) noexcept = nullptr;
};

/// Where the bytes of one object land on their way into a target.
///
/// Lifetime  Counted. A connector whose fabric may still write after a get has failed keeps a reference of
/// its
///           own (quarantine); the caller then sees the failure and never the memory again: whoever would try
///           elsewhere looks at `use_count` first.
/// Threads   One operation uses a landing at a time.
class landing : public boost::intrusive_ref_counter<landing, detail::reference_count> {
 public:
  landing() = default;
  landing(const landing&) = delete;
  landing& operator=(const landing&) = delete;
  virtual ~landing() = default;

  /// Memory for `size_bytes` bytes and `spare_bytes` more behind them, contents undefined, aligned for the
  /// object. Null when it cannot be had. May be called again, with the same size, by a second attempt.
  virtual std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept = 0;

  /// Memory for `size_bytes` bytes that is written during the call of the connector and never later: where a
  /// late write is impossible, bytes may go straight into memory that the landing does not own.
  virtual std::byte* prepare_revocable(std::uint64_t size_bytes) noexcept { return prepare(size_bytes, 0); }

  /// Whether `show` would do instead of bytes.
  [[nodiscard]] virtual bool wants_view() const noexcept { return false; }
  /// Gives the landing memory to look at, which stays as it is while the pin lives. Only if `wants_view`.
  virtual void show(byte_view /*memory*/, pin /*hold*/) noexcept {}
  /// Whether `show` was what happened last, so that no byte was copied.
  [[nodiscard]] virtual bool shown() const noexcept { return false; }

  /// Takes the bytes from memory that can be read directly, in one pass. The memory may change meanwhile;
  /// the caller validates afterwards and calls again or drops the landing if it did.
  virtual status fill(byte_view source) noexcept = 0;
};
using landing_ptr = boost::intrusive_ptr<landing>;

/// What a connector can do beyond the minimum. What is false is refused by the store.
struct connector_capabilities {
  bool other_processes = false;  ///< objects can be resolved in processes that did not put them
  bool outlives_producer = false;
  bool counts_reads = false;   ///< objects can end by themselves, with their last read
  bool durable = false;        ///< objects can be published so that they survive a power failure
  bool promises_keys = false;  ///< `promise`
  std::uint64_t max_object_bytes = ~std::uint64_t{0};
};

/// Room for one object that is being written.
struct reservation {
  byte_span memory;          ///< exactly the bytes asked for, aligned to 64
  std::uint64_t handle = 0;  ///< the connector's own
  /// If not 0, the object ends with its last of so many gets: each get of a caller's that brings the bytes is
  /// one, however often the connector had to try, and one that brings none is none. Set before `publish`, and
  /// only where the connector `counts_reads`.
  std::uint32_t reads = 0;
  /// `publish` returns when the object would survive a power failure. Only where the connector can do it.
  bool durable = false;
  /// The object is published under this key, which `promise` gave for its size and type. Null: a new one.
  const key* promised = nullptr;
};

/// How one successful get went.
struct read_report {
  path way = path::local;
};

/// One get of a batch: what is asked, and how it went.
struct read_request {
  const key* object = nullptr;
  landing* where = nullptr;
  call_limits limits;
  status outcome = {};
  read_report report = {};
};

/// One `exists` or `evict` of a batch.
struct key_request {
  const key* object = nullptr;
  status outcome = {};
  bool exists = false;
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

  /// A proxy made by the store of this URI is about to be used with this connector. One whose processes did
  /// not meet at the start remembers how to reach that store; it connects when it must.
  virtual void introduce(std::string_view /*uri*/) noexcept {}
  /// The URI of the store that has put `object`, if it is known and another than `uri`; else empty.
  [[nodiscard]] virtual std::string origin(const key& /*object*/) const { return {}; }

  /// Makes room for an object of exactly `size_bytes`, writable until published or abandoned.
  virtual status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept = 0;
  /// Ends the reservation: from now on the object can be read, under the key written to `out`. After an error
  /// the reservation stands, and the caller abandons it.
  virtual status publish(const reservation& room, type_id type, key& out) noexcept = 0;
  virtual void abandon(const reservation& room) noexcept = 0;
  /// Draws the key of an object that will be published later, so that others can be told of it now. Until
  /// then the object is not there, as if it had been evicted. A key that was promised in vain costs nothing.
  virtual status promise(std::uint64_t /*size_bytes*/, type_id /*type*/, const call_limits& /*limits*/,
                         key& /*out*/) noexcept {
    return {errc::unsupported, 0, "promise a key"};
  }

  /// Publishes memory of the user's where it lies. After an error it is the user's as before. A connector
  /// that says `unsupported` gets a copy by the calls above.
  virtual status adopt(const resident& /*object*/, type_id /*type*/, key& /*out*/) noexcept {
    return {errc::unsupported, 0, "publish memory in place"};
  }
  /// Where data can be born that `adopt` then publishes without a copy on every path; null: nowhere.
  [[nodiscard]] virtual std::pmr::memory_resource* memory() noexcept { return nullptr; }

  /// Brings the bytes of the object into `where`. After an error the landing must not be looked at.
  virtual status get(const key& object, landing& where, const call_limits& limits,
                     read_report& report) noexcept = 0;
  virtual status exists(const key& object, const call_limits& limits, bool& answer) noexcept = 0;
  /// Ends the object: each later get is `stale` (or `not_found` where the connector cannot tell).
  virtual status evict(const key& object, const call_limits& limits) noexcept = 0;

  // The same for many objects, for connectors that are faster at it than one after the other. All share the
  // time of one call. What became of each is in its request; `reserve_batch` and `publish_batch` do all or
  // nothing, and a `publish_batch` that fails has given up all the rooms.

  virtual status reserve_batch(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                               std::span<reservation> out) noexcept;
  virtual status publish_batch(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept;
  virtual void get_batch(std::span<read_request> requests) noexcept;
  virtual void exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept;
  virtual void evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept;

  /// Ends the connector. Collective where the transport is; what it cannot release in time it leaks, on
  /// purpose, and returns `timeout`.
  virtual status close(std::chrono::nanoseconds timeout) noexcept = 0;

  /// Adds this connector's own counters.
  virtual void collect(metrics&) const noexcept {}

  /// What a user can do about `problem`, as the end of a sentence; empty for the general advice.
  [[nodiscard]] virtual std::string cure(const status& /*problem*/) const { return {}; }
};

}  // namespace farhold
