// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <vector>

#include <farhold/bytes.hpp>

#include "domain.hpp"

namespace farhold::ofi::detail {

/// Where reads land, for providers that must know that memory (FI_MR_LOCAL): small reads in a registered
/// place of their own, of which there is one for each read that may be under way, and large ones in memory
/// that is registered for their sake. Keeping such registrations is left to libfabric, which notices when
/// memory goes.
///
/// Threads   Distinct places by distinct threads.
class landing_memory {
 public:
  struct place {
    void* to = nullptr;
    void* description = nullptr;
    handle<fid_mr> registered;
  };

  /// Nothing is kept where the provider need not know.
  status open(const domain& over, std::size_t places);
  void close() noexcept { bounce_.reset(); }

  status begin(std::size_t which, byte_span wanted, place& out) noexcept;
  /// What has landed comes to where it was wanted.
  void end(place& used, byte_span wanted) const noexcept;

 private:
  static constexpr std::size_t bounce_bytes = 8192;

  const domain* over_ = nullptr;
  std::vector<std::byte> memory_;
  handle<fid_mr> bounce_;
};

}  // namespace farhold::ofi::detail
