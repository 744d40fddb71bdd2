// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <farhold/call_options.hpp>
#include <farhold/error.hpp>

namespace farhold {

namespace detail {
class background_resolve;
class lazy;
void intrusive_ptr_add_ref(const background_resolve*) noexcept;
void intrusive_ptr_release(const background_resolve*) noexcept;
}  // namespace detail

/// One resolve that goes on in the background; what it brings is in the proxy.
///
/// Lifetime  Move-only. The bytes land in memory that the proxy owns, so that an operation may be dropped at
///           any time: the resolve then goes on for those who have the proxy. A moved-from operation is
///           `!valid()`, and may only be destroyed or assigned to.
/// Threads   Distinct operations may be used from distinct threads; one operation may not, but for `cancel`.
/// Errors    Kept in the operation: `wait` throws it, `outcome` shows it. A failed proxy tries again when it
/// is
///           accessed.
/// Progress  A few threads of farhold's own resolve what is in the background, and end when there is nothing
///           more. `wait` does it itself if none of them has begun.
class [[nodiscard]] operation {
 public:
  operation() = default;
  operation(operation&&) noexcept = default;
  operation& operator=(operation&&) noexcept = default;

  [[nodiscard]] bool valid() const noexcept { return job_ != nullptr; }
  /// Whether it is over, well or not.
  [[nodiscard]] bool ready() const noexcept;
  /// Returns when the proxy is resolved. Throws what its resolve threw; `timeout` at the latest when the time
  /// given to `resolve_async` is over, and `cancelled` after `cancel`.
  void wait();
  /// Asks it to end. What has not begun never will; what is waiting gives up at its next look.
  void cancel() noexcept;
  /// `ok` while it is not over; then how it ended. Errors that are not farhold's are `transport_failure`.
  [[nodiscard]] errc outcome() const noexcept;

 private:
  template <class T>
  friend class proxy;
  operation(detail::lazy& what, const call_options& call);

  boost::intrusive_ptr<detail::background_resolve> job_;
};

namespace detail {
/// Resolves in the background, and nobody waits for it.
void prefetch(lazy& what, const call_options& call);
}  // namespace detail

}  // namespace farhold
