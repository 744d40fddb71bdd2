// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include <sys/types.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <farhold/bytes.hpp>
#include <farhold/connector.hpp>

#include "card.hpp"
#include "pins.hpp"
#include "segment.hpp"
#include "ticket.hpp"

namespace farhold::rma {

class mapping;
using mapping_ptr = boost::intrusive_ptr<mapping>;

/// The arenas of a producer on the same host, mapped read-only as they are needed, and this process's pins
/// in them.
///
/// Lifetime  Counted: every view keeps it, so that what is shown stays although its store is closed or its
///           producer gone.
/// Threads   All of it. Only the first read of an arena, and the first pin, take a lock.
class mapping : public boost::intrusive_ref_counter<mapping, boost::thread_safe_counter> {
 public:
  /// Maps the first arena; null if that is not possible or it is not what the card says.
  static mapping_ptr open(const card& peer) noexcept;

  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;
  ~mapping();

  /// Empty if the producer has no such arena, or it can't be mapped.
  [[nodiscard]] byte_view arena(std::uint32_t index) noexcept;
  /// What the producer says of an arena. False if it has none of that index.
  [[nodiscard]] bool find(std::uint32_t index, segment_entry& out) const noexcept;
  /// Whether the producer has closed its store.
  [[nodiscard]] bool closed() const noexcept;
  /// Whether the process still has the first arena, which exec(2) takes from it. True where that cannot be
  /// seen.
  [[nodiscard]] bool still_held() const noexcept;

  /// Pins an object. False: there can be no pin, now or at all. Look at the trailer afterwards.
  [[nodiscard]] bool pin(std::uint64_t generation, farhold::pin& out) noexcept;
  [[nodiscard]] std::uint64_t pins_held() const noexcept;

 private:
  explicit mapping(const card& peer) noexcept : peer_(peer) {}

  [[nodiscard]] const segment_header& header() const noexcept {
    return *reinterpret_cast<const segment_header*>(at_[0].load(std::memory_order_relaxed));
  }
  [[nodiscard]] bool map(std::uint32_t index, const segment_entry& what) noexcept;
  static void unpin(void* context, std::uint64_t token) noexcept;

  const card peer_;
  dev_t device_ = 0;  // of the first arena, and
  ino_t inode_ = 0;
  std::mutex mutex_;
  std::array<std::atomic<const std::byte*>, segment_header::max_arenas> at_{};
  std::array<std::uint64_t, segment_header::max_arenas> bytes_{};  // read after `at_`
  enum class lane_state : std::uint8_t { untried, claimed, refused };
  std::atomic<lane_state> lane_state_{lane_state::untried};
  pin_lane lane_;
};

}  // namespace farhold::rma
