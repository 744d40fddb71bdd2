// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "landing_memory.hpp"

#include <cstring>

namespace farhold::ofi::detail {

status landing_memory::open(const domain& over, std::size_t places) {
  over_ = &over;
  if (!over.wants(FI_MR_LOCAL)) return {};
  memory_.resize(places * bounce_bytes);
  return over.register_memory(memory_, FI_READ, nullptr, bounce_);
}

status landing_memory::begin(std::size_t which, byte_span wanted, place& out) noexcept {
  out.to = wanted.data();
  out.description = nullptr;
  if (bounce_ == nullptr) return {};
  if (wanted.size() <= bounce_bytes) {
    out.to = memory_.data() + which * bounce_bytes;
    out.description = ::fi_mr_desc(bounce_.get());
    return {};
  }
  const status s = over_->register_memory(wanted, FI_READ, nullptr, out.registered);
  if (s.ok()) out.description = ::fi_mr_desc(out.registered.get());
  return s;
}

void landing_memory::end(place& used, byte_span wanted) const noexcept {
  if (used.to != wanted.data()) std::memcpy(wanted.data(), used.to, wanted.size());
  used.registered.reset();
}

}  // namespace farhold::ofi::detail
