// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "object_cache.hpp"

namespace farhold::detail {

landing_ptr object_cache::find(const key& object, const void* tag) {
  const std::scoped_lock lock(mutex_);
  const auto at = by_name_.find(name{object, tag});
  if (at == by_name_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, at->second);
  return at->second->target;
}

void object_cache::insert(const key& object, const void* tag, landing_ptr target) {
  if (object.size_bytes() > capacity_bytes_) return;
  std::list<entry> dropped;  // destroyed outside the lock: a target's destructor is the user's
  const std::scoped_lock lock(mutex_);
  if (by_name_.contains(name{object, tag})) return;
  while (used_bytes_ + object.size_bytes() > capacity_bytes_) {
    used_bytes_ -= by_use_.back().called.object.size_bytes();
    by_name_.erase(by_use_.back().called);
    dropped.splice(dropped.end(), by_use_, std::prev(by_use_.end()));
  }
  by_use_.push_front({{object, tag}, std::move(target)});
  by_name_.emplace(by_use_.front().called, by_use_.begin());
  used_bytes_ += object.size_bytes();
}

void object_cache::clear() {
  std::list<entry> dropped;
  const std::scoped_lock lock(mutex_);
  dropped.swap(by_use_);
  by_name_.clear();
  used_bytes_ = 0;
}

}  // namespace farhold::detail
