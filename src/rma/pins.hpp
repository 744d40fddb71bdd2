// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <sys/types.h>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>

#include "host.hpp"

namespace farhold::rma {

/// How a segment for pins is laid out: a header, then lanes, each of one consumer process.
///
/// An entry of a lane holds the generation of the object that is pinned, or 0. Generations are never used
/// twice in a store, so that one word says all, and a torn pin cannot be.
struct pin_layout {
  static constexpr std::uint64_t magic_value = 0x32534E4950524846;  // "FHRPINS2"
  static constexpr std::uint64_t header_bytes = 4096;
  static constexpr std::uint32_t lanes = 64;
  static constexpr std::uint64_t lane_bytes = 4096;
  static constexpr std::uint64_t segment_bytes = header_bytes + lanes * lane_bytes;
  /// The first words of a lane: who has it, and room, so that entries begin on a cache line of their own.
  static constexpr std::uint32_t head_words = 8;
  static constexpr std::uint32_t entries = lane_bytes / 8 - head_words;

  struct header {
    std::uint64_t magic = magic_value;
    std::uint64_t incarnation = 0;
    std::uint64_t segment_bytes = pin_layout::segment_bytes;
    namespaces_of_processes processes =
        {};  ///< of the producer, who asks the kernel after lanes' owners there
  };

  /// A word of a lane; entries begin at `head_words`. What another process wrote is compared, never believed.
  static std::atomic_ref<std::uint64_t> word(std::byte* segment, std::uint32_t lane,
                                             std::uint32_t at) noexcept {
    return std::atomic_ref<std::uint64_t>(
        reinterpret_cast<std::uint64_t*>(segment + header_bytes + lane * lane_bytes)[at]);
  }
  static std::atomic_ref<std::uint64_t> owner(std::byte* segment, std::uint32_t lane) noexcept {
    return word(segment, lane, 0);
  }
};

/// The producer's side: a memfd that consumers on the same host map writable, and nothing else of ours.
///
/// Whoever writes there, in error or on purpose, can keep memory from being reused and do no other harm.
///
/// Threads   All but `create`.
class pin_segment {
 public:
  pin_segment() = default;
  pin_segment(const pin_segment&) = delete;
  pin_segment& operator=(const pin_segment&) = delete;
  ~pin_segment();

  status create(std::uint64_t incarnation) noexcept;
  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// The generations that are pinned, in order. What was evicted before the call, and is not among them, is
  /// seen by no view and never will be. False if there is no memory to say so.
  [[nodiscard]] bool collect(std::vector<std::uint64_t>& out) const noexcept;
  /// Gives back the lanes of processes that have ended. Asks the kernel, at most once per interval; and one
  /// after the other, less often because it takes longer, whether those that live still have the segment: a
  /// process that became another program, by exec(2), has not.
  /// Slow: not with a lock that others wait for. One thread does it, others return.
  void reap() noexcept;
  /// Whether `reap` would do anything now.
  [[nodiscard]] bool reap_is_due() const noexcept { return is_due(reaped_at_, reap_interval_ns); }

 private:
  static constexpr std::uint64_t reap_interval_ns = 10'000'000;
  static constexpr std::uint64_t look_interval_ns = 100'000'000;

  static bool is_due(const std::atomic<std::uint64_t>& last, std::uint64_t interval_ns) noexcept;
  void look_at_one_that_lives() noexcept;
  void clean(std::uint32_t lane) noexcept;

  std::byte* at_ = nullptr;
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::atomic<bool> reaping_{false};  // by one thread; what follows is written by that one
  std::atomic<std::uint64_t> reaped_at_{0};
  std::atomic<std::uint64_t> looked_at_{0};
  std::uint32_t last_looked_at_ = 0;
};

/// A consumer's side: this process's lane in the segment of one producer.
///
/// Lifetime  The lane is given back at the end, when all pins are.
/// Threads   `pin` and `unpin` from any; they take no lock.
class pin_lane {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  pin_lane() = default;
  pin_lane(const pin_lane&) = delete;
  pin_lane& operator=(const pin_lane&) = delete;
  ~pin_lane();

  /// Opens the segment that process `pid` has as `fd`, and takes a lane in it. False: there can be no pins,
  /// among other reasons because the producer knows this process by another number, or not at all.
  [[nodiscard]] bool claim(int pid, int fd, std::uint64_t incarnation) noexcept;

  /// An entry that holds `generation`, or `none`: there is no lane, or it is full. The object's trailer must
  /// be looked at afterwards: only one that is alive then is kept.
  [[nodiscard]] std::uint32_t pin(std::uint64_t generation) noexcept;
  /// False in a forked child, whose pins are its parent's.
  bool unpin(std::uint32_t entry) noexcept;
  [[nodiscard]] std::uint64_t held() const noexcept;

 private:
  [[nodiscard]] bool take_lane() noexcept;

  std::byte* at_ = nullptr;
  std::uint32_t lane_ = none;
  std::uint64_t me_ = 0;  // as whom it owns the lane
  std::uint64_t epoch_ = 0;
};

}  // namespace farhold::rma
