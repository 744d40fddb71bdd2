// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/lifetime.hpp>

#include <utility>

#include <farhold/detail/store_core.hpp>
#include <farhold/log.hpp>

#include "detail/timer.hpp"

namespace farhold {

void scope::end() noexcept {
  detail::due_objects ended;
  {
    const std::scoped_lock lock(mutex_);
    ended.swap(objects_);
  }
  for (const auto& [since, object] : ended) object.evict();
}

void detail::due_object::evict() const noexcept {
  const std::shared_ptr<store_core> open = store.lock();
  if (open == nullptr) return;
  try {
    open->evict(object, {});
  } catch (const error& problem) {
    // Evicted by hand, or gone with its store: as it should be.
    if (problem.kind() == errc::stale || problem.kind() == errc::closed) return;
    open->count_failed_eviction();
    log(problem.what());
  } catch (...) {  // no memory to say what was wrong
    open->count_failed_eviction();
  }
}

detail::end_note::end_note(const lifetime& until, const std::shared_ptr<store_core>& store)
    : scope_(until.scope_) {
  if (scope_ == nullptr && !until.time_) return;
  auto due = std::chrono::steady_clock::now();
  if (until.time_) {
    if (*until.time_ <= std::chrono::nanoseconds::zero()) {
      throw error(
          errc::invalid_argument,
          "store '" + store->name() + "': a lifetime must be above zero; leave it out to keep the object");
    }
    // A time of centuries is for ever, and must not be in the past by overflow.
    due += std::min(*until.time_, std::chrono::nanoseconds(std::chrono::hours(24 * 365 * 100)));
    timer::of_this_process().start();
  }
  due_objects one;
  one.emplace(due, due_object{store, {}});
  place_ = one.extract(one.begin());
}

void detail::end_note::object_is(const key& object) noexcept {
  if (place_.empty()) return;
  place_.mapped().object = object;
  if (scope_ != nullptr) {
    const std::scoped_lock lock(scope_->mutex_);
    scope_->objects_.insert(std::move(place_));
  } else {
    timer::of_this_process().add(place_);
  }
}

}  // namespace farhold
