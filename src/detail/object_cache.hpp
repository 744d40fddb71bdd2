// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <list>
#include <mutex>
#include <unordered_set>

#include <farhold/connector.hpp>
#include <farhold/key.hpp>
#include <farhold/metrics.hpp>

namespace farhold::detail {

/// Resolved targets by (key, type), least recently used out first, bounded by their stored size.
///
/// Keys are never used twice (a generation or a nonce is part of them), so that an entry can't be wrong.
/// Threads   All of it, under one mutex.
class object_cache {
 public:
  explicit object_cache(std::size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  [[nodiscard]] landing_ptr find(const key& object, const void* tag);
  void insert(const key& object, const void* tag, landing_ptr target);
  void clear();
  /// What was found here so far. Counted under the lock that is held anyway.
  [[nodiscard]] metrics::travelled hits();

 private:
  struct entry {
    key object;
    const void* tag;
    landing_ptr target;
  };
  using by_use = std::list<entry>;

  // Entries are found by the key they hold themselves: a key has 256 bytes, and is neither kept twice nor
  // copied to ask for it.
  struct name {
    const key& object;
    const void* tag;
    name(const key& k, const void* t) noexcept : object(k), tag(t) {}
    name(const by_use::iterator& at) noexcept : object(at->object), tag(at->tag) {}  // NOLINT: implicit
  };
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(const name& n) const noexcept {
      return std::hash<key>{}(n.object) ^ std::hash<const void*>{}(n.tag);
    }
  };
  struct name_equal {
    using is_transparent = void;
    bool operator()(const name& a, const name& b) const noexcept {
      return a.tag == b.tag && a.object == b.object;
    }
  };

  std::size_t capacity_bytes_;
  std::mutex mutex_;
  std::size_t used_bytes_ = 0;
  metrics::travelled hits_;
  by_use by_use_;  // most recent first
  std::unordered_set<by_use::iterator, name_hash, name_equal> by_name_;
};

}  // namespace farhold::detail
