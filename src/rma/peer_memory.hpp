// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>

#include <farhold/bytes.hpp>
#include <farhold/error.hpp>
#include <farhold/rma.hpp>

#include "card.hpp"
#include "mapping.hpp"

namespace farhold::rma {

/// How another process's segment can be read without its help, found out by trying.
///
/// Mapping and process_vm_readv are probed apart: namespaces and permissions may allow one without the other.
/// A producer that is killed is noticed within `liveness_interval`, although its memory stays readable. That
/// holds whichever way is then taken to it, and so for reads through a fabric too.
///
/// Threads   All but `meet` and `attach`.
class peer_memory {
 public:
  enum class access : std::uint8_t { none, mapped, cma };

  static constexpr std::uint64_t liveness_interval_ns = 10'000'000;

  peer_memory() = default;
  peer_memory(const peer_memory&) = delete;
  peer_memory& operator=(const peer_memory&) = delete;
  ~peer_memory();

  /// Remembers whether the process can be seen from here, while it is known to live: one that is not there
  /// later has ended, and one that was never seen is in another namespace.
  void meet(const card& peer) noexcept;
  /// Looks for the best way that `wish` allows to the segment of `peer`.
  access attach(const card& peer, same_host wish) noexcept;

  /// The mapping, if access is `mapped`; else null.
  [[nodiscard]] mapping* map() const noexcept { return mapping_.get(); }
  [[nodiscard]] byte_view mapped(std::uint32_t arena = 0) const noexcept {
    return mapping_ != nullptr ? mapping_->arena(arena) : byte_view{};
  }
  /// Whether `read` works, whatever the access is.
  [[nodiscard]] bool has_cma() const noexcept { return cma_; }

  /// What the producer says of its arena `index`; `corrupt` if it has none. Not if access is `none`.
  status find(std::uint32_t index, segment_entry& out) const noexcept;

  /// Reads the producer's memory by process_vm_readv; a guard word read in the same call shows that it was
  /// the right process, and its store open. `rest` takes the bytes behind those, in the same call with the
  /// last of them. `corrupt` if nothing is mapped at that address.
  status read_at(std::uint64_t address, std::byte* to, std::uint64_t bytes,
                 byte_span rest = {}) const noexcept;
  /// The same, in the first arena.
  status read(std::uint64_t offset, std::byte* to, std::uint64_t bytes, byte_span rest = {}) const noexcept {
    return read_at(peer_.base_address + offset, to, bytes, rest);
  }

  /// `producer_lost` once the process is seen to have ended, or its mapped store to be closed; ok if it
  /// cannot be seen. Asks the kernel at most once per interval; `now` is any monotonic clock in nanoseconds.
  status alive(std::uint64_t now) const noexcept;

 private:
  [[nodiscard]] bool open_process() noexcept;
  [[nodiscard]] bool try_cma() const noexcept;

  card peer_;
  mapping_ptr mapping_;
  bool cma_ = false;
  int process_ = -1;  // pidfd
  bool seen_ = false;
  mutable std::atomic<std::uint64_t> asked_at_{0};
  mutable std::atomic<bool> lost_{false};
};

}  // namespace farhold::rma
