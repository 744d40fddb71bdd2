// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What processes say of how their memory is read: the offers of libfabric and of UCX. What decodes is encoded
// again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "ofi/src/offer.hpp"
#include "ucx/src/offer.hpp"

namespace {

template <class Offer>
bool survives(farhold::byte_view told, Offer& heard) {
  if (!Offer::decode(told, heard)) return false;
  if (heard.base + heard.bytes < heard.base || heard.address.empty()) std::abort();
  const auto again = heard.encode();
  if (!std::equal(again.begin(), again.end(), told.begin(), told.end())) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const farhold::byte_view told = std::as_bytes(std::span(data, size));
  farhold::ofi::detail::offer by_libfabric;
  if (survives(told, by_libfabric)) {
    if (!by_libfabric.fits(by_libfabric)) std::abort();
    // Its name may be shown to people.
    if (std::ranges::any_of(by_libfabric.provider, [](char c) { return c < ' ' || c > '~'; })) std::abort();
  }
  farhold::ucx::detail::offer by_ucx;
  if (survives(told, by_ucx) && by_ucx.key.empty()) std::abort();
  return 0;
}
