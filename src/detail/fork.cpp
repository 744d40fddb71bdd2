// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "fork.hpp"

#include <array>
#include <atomic>
#include <cstddef>

#include <pthread.h>
#include <unistd.h>

namespace farhold::detail {

namespace {

std::atomic<std::uint64_t> epoch{0};

/// Descriptors below this are closed in forked children. Higher ones live on there: then the end of a process
/// with such a child is seen by its pid, and where that cannot be seen, not before the child's.
constexpr std::size_t marked_fds = 65'536;
std::array<std::atomic<std::uint64_t>, marked_fds / 64> marks{};

void close_marked() {
  for (std::size_t word = 0; word < marks.size(); ++word) {
    std::uint64_t bits = marks[word].exchange(0, std::memory_order_relaxed);
    for (int bit = 0; bits != 0; ++bit, bits >>= 1U) {
      if ((bits & 1U) != 0) ::close(static_cast<int>(word) * 64 + bit);
    }
  }
}

void in_child() { epoch.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_epoch() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, &in_child);
  static_cast<void>(registered);
  return epoch.load(std::memory_order_relaxed);
}

void close_in_children(int fd) noexcept {
  static const int registered = ::pthread_atfork(nullptr, nullptr, &close_marked);
  static_cast<void>(registered);
  const auto at = static_cast<std::size_t>(fd);
  if (fd >= 0 && at < marked_fds)
    marks[at / 64].fetch_or(std::uint64_t{1} << at % 64, std::memory_order_relaxed);
}

void forget_in_children(int fd) noexcept {
  const auto at = static_cast<std::size_t>(fd);
  if (fd >= 0 && at < marked_fds)
    marks[at / 64].fetch_and(~(std::uint64_t{1} << at % 64), std::memory_order_relaxed);
}

}  // namespace farhold::detail
