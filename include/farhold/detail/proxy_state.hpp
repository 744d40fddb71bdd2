// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>

#include <farhold/detail/lazy.hpp>
#include <farhold/error.hpp>
#include <farhold/factory.hpp>

namespace farhold::detail {

/// What the copies of one proxy share: how to make the target, and the target once it is made.
///
/// Threads   One thread makes the target while the others wait for it, each for as long as its own call may.
template <class T>
class proxy_state final : public lazy {
 public:
  explicit proxy_state(factory<T> make) : make_(std::move(make)) {}

  [[nodiscard]] const factory<T>& origin() const noexcept { return make_; }
  [[nodiscard]] const T* resolved() const noexcept { return object_.load(std::memory_order_acquire); }

  /// Once resolved: throws `closed` in a forked child that inherited the proxy and not what it looks at.
  void require_memory() const {
    if (target_->left_behind()) [[unlikely]] {
      throw error(
          errc::closed,
          "the view was inherited by fork(), and the memory that it looks at was not; make the proxy from "
          "its token again");
    }
  }

  /// Once resolved and asked through the only proxy: the object, if no cache holds it either.
  [[nodiscard]] T* unshared() const noexcept {
    return handles() == 1 && target_->use_count() == 1 ? target_->object() : nullptr;
  }

  const T& resolve(const call_options& call) {
    for (;;) {
      if (claim()) return make(call);
      if (const T* const here = resolved()) return *here;
      await_claim(call);
    }
  }

  [[nodiscard]] bool comes_from_store() const noexcept override { return make_.from_store() != nullptr; }
  missing begin(const call_options& call) override {
    const store_factory& from = *make_.from_store();
    if (from.inlined()) {
      target_ = make_.make(call);
      publish();
      return {};
    }
    missing bytes{from.open_store(), &from.object(), nullptr};
    target_ = make_.prepare(*bytes.store);
    if (target_->object() != nullptr) {
      publish();
      return {};
    }
    bytes.where = target_.get();
    return bytes;
  }
  void land(store_core& from) override {
    make_.complete(from, target_);
    publish();
  }
  void give_up() noexcept override {
    target_.reset();
    end_claim(false);
  }
  void ensure(const call_options& call) override { resolve(call); }

 private:
  const T& make(const call_options& call) {
    try {
      target_ = make_.make(call);
    } catch (...) {
      give_up();
      throw;
    }
    return publish();
  }

  const T& publish() noexcept {
    const T* const here = target_->object();
    object_.store(here, std::memory_order_release);
    end_claim(true);
    return *here;
  }

  std::atomic<const T*> object_{nullptr};
  target_ptr<T> target_;
  factory<T> make_;
};

}  // namespace farhold::detail
