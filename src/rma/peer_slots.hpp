// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <farhold/transport.hpp>

namespace farhold::rma {

/// What a transport knows of its peers, by their numbers, for the warm path: found without a lock, and never
/// moved or forgotten. Room grows by doubling.
///
/// Threads   `find` by all, `add` by one at a time.
template <class T>
class peer_slots {
 public:
  peer_slots() = default;
  peer_slots(const peer_slots&) = delete;
  peer_slots& operator=(const peer_slots&) = delete;
  ~peer_slots() {
    for (std::size_t chunk = 0; chunk < chunks_.size(); ++chunk) {
      slot* const all = chunks_[chunk].load(std::memory_order_relaxed);
      for (std::size_t i = 0; all != nullptr && i < size_of(chunk); ++i)
        delete all[i].load(std::memory_order_relaxed);
      delete[] all;
    }
  }

  /// Null if it was never added.
  [[nodiscard]] T* find(peer_id peer) const noexcept {
    const place at = place_of(peer);
    const slot* const all = chunks_[at.chunk].load(std::memory_order_acquire);
    return all != nullptr ? all[at.index].load(std::memory_order_acquire) : nullptr;
  }
  /// The one there is, or else `fresh`, which others find from now on. Throws std::bad_alloc.
  T& add(peer_id peer, std::unique_ptr<T> fresh) {
    const place at = place_of(peer);
    slot* all = chunks_[at.chunk].load(std::memory_order_relaxed);
    if (all == nullptr) {
      all = new slot[size_of(at.chunk)]{};
      chunks_[at.chunk].store(all, std::memory_order_release);
    }
    if (T* const known = all[at.index].load(std::memory_order_relaxed)) return *known;
    all[at.index].store(fresh.get(), std::memory_order_release);
    return *fresh.release();
  }

 private:
  using slot = std::atomic<T*>;
  struct place {
    std::size_t chunk, index;
  };
  static constexpr std::size_t first_size = 64;
  static constexpr std::size_t size_of(std::size_t chunk) noexcept { return first_size << chunk; }
  static constexpr place place_of(peer_id peer) noexcept {
    const std::size_t from_first = peer + first_size;
    const auto chunk = static_cast<std::size_t>(std::bit_width(from_first) - std::bit_width(first_size));
    return {chunk, from_first - size_of(chunk)};
  }

  std::array<std::atomic<slot*>, place_of(~peer_id{0}).chunk + 1> chunks_{};
};

}  // namespace farhold::rma
