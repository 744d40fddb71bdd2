// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <list>
#include <mutex>
#include <unordered_map>

#include <farhold/connector.hpp>
#include <farhold/key.hpp>

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

 private:
  struct name {
    key object;
    const void* tag;
    bool operator==(const name&) const = default;
  };
  struct name_hash {
    std::size_t operator()(const name& n) const noexcept {
      return std::hash<key>{}(n.object) ^ std::hash<const void*>{}(n.tag);
    }
  };
  struct entry {
    name called;
    landing_ptr target;
  };

  std::size_t capacity_bytes_;
  std::mutex mutex_;
  std::size_t used_bytes_ = 0;
  std::list<entry> by_use_;  // most recent first
  std::unordered_map<name, std::list<entry>::iterator, name_hash> by_name_;
};

}  // namespace farhold::detail
