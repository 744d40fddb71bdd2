// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>

#include <farhold/factory.hpp>

namespace farhold::detail {

/// What the copies of one proxy share: how to make the target, and the target once it is made.
///
/// Threads   One thread makes the target while the others wait for it; the maker's deadline bounds them all.
///           No mutex: `phase_` goes idle → making → (idle | made), and `made` never ends.
template <class T>
class proxy_state final : public boost::intrusive_ref_counter<proxy_state<T>, boost::thread_safe_counter> {
 public:
  explicit proxy_state(factory<T> make) : make_(std::move(make)) {}

  [[nodiscard]] const factory<T>& origin() const noexcept { return make_; }
  [[nodiscard]] const T* resolved() const noexcept { return object_.load(std::memory_order_acquire); }

  /// Once resolved and asked through the only proxy: the object, if no cache holds it either.
  [[nodiscard]] T* unshared() const noexcept {
    return this->use_count() == 1 && target_->use_count() == 1 ? target_->object() : nullptr;
  }

  const T& resolve(const call_options& call) {
    for (;;) {
      phase expected = phase::idle;
      if (phase_.compare_exchange_strong(expected, phase::making, std::memory_order_acquire))
        return make(call);
      if (expected == phase::made) return *resolved();
      phase_.wait(phase::making, std::memory_order_acquire);
    }
  }

 private:
  enum class phase : int { idle, making, made };

  const T& make(const call_options& call) {
    try {
      target_ = make_.make(call);
    } catch (...) {
      finish(phase::idle);
      throw;
    }
    object_.store(target_->object(), std::memory_order_release);
    finish(phase::made);
    return *target_->object();
  }

  void finish(phase next) noexcept {
    phase_.store(next, std::memory_order_release);
    phase_.notify_all();
  }

  std::atomic<const T*> object_{nullptr};
  std::atomic<phase> phase_{phase::idle};
  target_ptr<T> target_;
  factory<T> make_;
};

}  // namespace farhold::detail
