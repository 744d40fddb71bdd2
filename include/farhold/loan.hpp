// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include <farhold/call_options.hpp>
#include <farhold/connector.hpp>
#include <farhold/detail/store_core.hpp>
#include <farhold/proxy.hpp>

namespace farhold {

namespace detail {

class lent_memory;

/// What a loan is, whatever its elements are.
class untyped_loan {
 public:
  untyped_loan() noexcept;
  untyped_loan(untyped_loan&& other) noexcept;
  untyped_loan& operator=(untyped_loan&& other) noexcept;
  ~untyped_loan();

  /// Publishes `memory` in place. False if the connector can't: it must then be copied, and `copied` called.
  [[nodiscard]] bool lend(const std::shared_ptr<store_core>& store, byte_view memory, type_id type);
  void copied(const std::shared_ptr<store_core>& store, const key& object) noexcept;

  [[nodiscard]] bool in_place() const noexcept { return memory_ != nullptr; }
  [[nodiscard]] bool active() const noexcept { return store_ != nullptr; }
  [[nodiscard]] const farhold::key& key() const;
  [[nodiscard]] const store_address_ptr& address() const { return store_->address(); }
  void retract(const call_options& call);

 private:
  void retract_quietly() noexcept;

  std::shared_ptr<store_core> store_;  // null once retracted
  farhold::key key_;
  std::shared_ptr<lent_memory> memory_;  // null if the object is a copy
  bool evicted_ = false;
};

}  // namespace detail

/// Memory of the caller's that others may read for a while, where it lies. Made by `store.lend`:
///
///     farhold::loan<double> loan = store.lend(field);
///     send(loan.proxy());
///     …                                        // until everybody has answered; field is not written
///     loan.retract();
///     advance(field);
///
/// A connector that can't publish memory in place (`in_place()` says which) makes a copy, and all of the
/// above is right all the same.
///
/// Lifetime  Move-only. The memory must stay and not be written until `retract` has returned. The destructor
///           retracts too, and waits for the store's timeout at most; it never throws, also where an
///           exception ends the scope, and logs a notice if somebody may still be reading.
/// Threads   One at a time.
/// Errors    `retract` throws `timeout` or `cancelled` while somebody still reads: the loan is evicted then,
/// and
///           `retract` may be called again.
/// Progress  `retract` waits for readers to finish and views to end, which needs nothing of the caller.
template <class E>
class [[nodiscard]] loan {
 public:
  /// A loan of nothing.
  loan() noexcept = default;

  /// A proxy of the memory's elements, as any T that a run of E resolves as: `proxy<std::span<const E>>()`
  /// for consumers that want to look in place.
  template <class T = std::vector<E>>
  [[nodiscard]] ::farhold::proxy<T> proxy() const {
    detail::require_type<T>(key());
    return ::farhold::proxy<T>(factory<T>(store_factory(loan_.address(), key())));
  }

  /// Throws `invalid_argument` once retracted.
  [[nodiscard]] const farhold::key& key() const { return loan_.key(); }
  /// Whether consumers read the memory itself, and not a copy that the store made of it.
  [[nodiscard]] bool in_place() const noexcept { return loan_.in_place(); }
  /// Whether there is something to retract.
  [[nodiscard]] bool active() const noexcept { return loan_.active(); }

  /// Ends the object and returns when the memory may be written again: when nobody reads it any more.
  void retract(const call_options& call = {}) { loan_.retract(call); }

 private:
  friend class store;
  explicit loan(detail::untyped_loan made) noexcept : loan_(std::move(made)) {}

  detail::untyped_loan loan_;
};

}  // namespace farhold
