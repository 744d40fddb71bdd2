// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "fork.hpp"

#include <atomic>

#include <pthread.h>

namespace farhold::detail {

namespace {

std::atomic<std::uint64_t> epoch{0};

void in_child() { epoch.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_epoch() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, &in_child);
  static_cast<void>(registered);
  return epoch.load(std::memory_order_relaxed);
}

}  // namespace farhold::detail
