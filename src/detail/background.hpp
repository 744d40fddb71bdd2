// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <farhold/detail/fork_epoch.hpp>
#include <farhold/detail/lazy.hpp>

namespace farhold::detail {

/// A proxy that is resolved without its user waiting.
///
/// Lifetime  Counted: by the queue or the thread that resolves it, and by the user's operation.
/// Threads   Whoever moves the phase from queued to running resolves it.
class background_resolve {
 public:
  background_resolve(lazy& what, const call_options& call);
  background_resolve(const background_resolve&) = delete;
  background_resolve& operator=(const background_resolve&) = delete;

  [[nodiscard]] bool start() noexcept {
    phase expected = phase::queued;
    if (!phase_.compare_exchange_strong(expected, phase::running, std::memory_order_acquire)) return false;
    started_in_.store(fork_epoch(), std::memory_order_relaxed);
    return true;
  }
  [[nodiscard]] bool over() const noexcept { return phase_.load(std::memory_order_acquire) == phase::over; }
  void cancel() noexcept;
  /// Waits until it is over. Throws `closed` in a forked child if a thread of its parent has started it.
  void await() const;
  /// Null if it went well, or is not over.
  [[nodiscard]] std::exception_ptr problem() const noexcept { return over() ? problem_ : nullptr; }

  // For who has started it.
  [[nodiscard]] resolve_work work();
  void finish(std::exception_ptr problem) noexcept;

  friend void intrusive_ptr_add_ref(const background_resolve* b) noexcept;
  friend void intrusive_ptr_release(const background_resolve* b) noexcept;

 private:
  enum class phase : int { queued, running, over };
  struct pass_on {
    mutable std::stop_source to;
    void operator()() const noexcept { to.request_stop(); }
  };

  background_reference what_;
  std::optional<std::chrono::steady_clock::time_point> until_;
  std::stop_source stop_;
  std::stop_callback<pass_on> asked_by_caller_;
  std::atomic<phase> phase_{phase::queued};
  std::atomic<std::uint64_t> started_in_{fork_epoch()};
  std::exception_ptr problem_;
  mutable std::atomic<int> users_{0};
};
using background_resolve_ptr = boost::intrusive_ptr<background_resolve>;

/// Puts it where a thread will find it; starts one more thread if all are busy and there are few.
void resolve_in_background(background_resolve_ptr job);

}  // namespace farhold::detail
