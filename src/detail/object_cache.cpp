// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "object_cache.hpp"

namespace farhold::detail {

landing_ptr object_cache::find(const key& object, const void* tag) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_name_.find(name(object, tag));
  if (found == by_name_.end()) return nullptr;
  const by_use::iterator at = *found;
  if (at != by_use_.begin()) by_use_.splice(by_use_.begin(), by_use_, at);
  ++hits_.resolves;
  hits_.bytes += object.size_bytes();
  return at->target;
}

metrics::travelled object_cache::hits() {
  const std::scoped_lock lock(mutex_);
  return hits_;
}

void object_cache::insert(const key& object, const void* tag, landing_ptr target) {
  if (object.size_bytes() > capacity_bytes_) return;
  by_use dropped;  // destroyed outside the lock: a target's destructor is the user's
  const std::scoped_lock lock(mutex_);
  if (by_name_.contains(name(object, tag))) return;
  while (used_bytes_ + object.size_bytes() > capacity_bytes_) {
    const auto oldest = std::prev(by_use_.end());
    used_bytes_ -= oldest->object.size_bytes();
    by_name_.erase(oldest);
    dropped.splice(dropped.end(), by_use_, oldest);
  }
  by_use_.push_front({object, tag, std::move(target)});
  by_name_.insert(by_use_.begin());
  used_bytes_ += object.size_bytes();
}

void object_cache::clear() {
  by_use dropped;
  const std::scoped_lock lock(mutex_);
  dropped.swap(by_use_);
  by_name_.clear();
  used_bytes_ = 0;
}

}  // namespace farhold::detail
