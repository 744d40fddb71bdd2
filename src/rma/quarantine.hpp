// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

namespace farhold::rma {

/// Landing memory of reads that were given up, kept until the fabric is done with it.
///
/// Threads   All of it.
class quarantine {
 public:
  /// Reads are refused while more than this is held: something is badly wrong with the fabric.
  static constexpr std::uint64_t limit_bytes = std::uint64_t{1} << 30U;

  /// Takes over a read that is still pending, and the memory it lands in.
  void admit(const remote_read& read, const landing_ptr& memory) noexcept;
  /// Releases what the fabric is done with.
  void sweep(transport& fabric) noexcept;
  /// Gives all that is held up for the life of the process.
  void leak() noexcept;

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool full() const noexcept { return bytes() > limit_bytes; }

 private:
  struct patient {
    remote_read read;
    landing_ptr memory;
  };

  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;
  std::vector<patient> patients_;
};

}  // namespace farhold::rma
