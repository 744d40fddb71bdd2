// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "exposure.hpp"

#include <array>

#include "errors.hpp"

namespace farhold::ofi::detail {

status exposure::open(const domain& over, byte_span memory, offer& mine) {
  if (const status s = over.open_endpoint(at_); !s.ok()) return s;
  if (const status s = over.register_memory(memory, FI_REMOTE_READ, at_.end.get(), memory_); !s.ok())
    return s;
  mine.key = ::fi_mr_key(memory_.get());
  if (mine.key == FI_KEY_NOTAVAIL) return {errc::unsupported, 0, "ask for a key of the usual size"};
  mine.base = over.wants(FI_MR_VIRT_ADDR) ? reinterpret_cast<std::uint64_t>(memory.data()) : 0;
  mine.bytes = memory.size();
  std::size_t bytes = 0;
  static_cast<void>(::fi_getname(&at_.end->fid, nullptr, &bytes));
  mine.address.resize(bytes);
  if (const int code = ::fi_getname(&at_.end->fid, mine.address.data(), &bytes); code != 0)
    return from_fi(code, "ask for an endpoint's address");
  mine.address.resize(bytes);
  return {};
}

void exposure::close() noexcept {
  memory_.reset();
  at_.close();
}

void exposure::progress() noexcept {
  if (progressing_.exchange(true, std::memory_order_acquire)) return;
  // Nothing completes here; but while somebody looks, providers in software do their work.
  std::array<fi_cq_entry, 16> none{};
  if (::fi_cq_read(at_.completions.get(), none.data(), none.size()) == -FI_EAVAIL) {
    fi_cq_err_entry failure{};
    static_cast<void>(::fi_cq_readerr(at_.completions.get(), &failure, 0));
  }
  progressing_.store(false, std::memory_order_release);
}

}  // namespace farhold::ofi::detail
