// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <vector>

#include <farhold/bytes.hpp>

#include "domain.hpp"
#include "offer.hpp"

namespace farhold::ofi::detail {

/// The arena as others read it, at an endpoint that does nothing else: what becomes of this process's own
/// reads does not touch it.
///
/// Lifetime  `open` and `close` once.
/// Threads   All but `open` and `close`.
/// Progress  Providers in software read only while this is progressed.
class exposure {
 public:
  /// `mine` gets where the arena is, and its key.
  status open(const domain& over, byte_span memory, offer& mine);
  void close() noexcept;

  void progress() noexcept;
  [[nodiscard]] const endpoint& at() const noexcept { return at_; }

 private:
  endpoint at_;
  handle<fid_mr> memory_;
  std::atomic<bool> progressing_{false};
};

}  // namespace farhold::ofi::detail
