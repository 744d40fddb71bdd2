// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: store.get returns a value, and a view would come without its pin; use store.proxy_from_key
#include "support.hpp"

namespace get_span {

proxy<std::span<const double>> right(store& s, const key& k) {
  return s.proxy_from_key<std::span<const double>>(k);
}
#ifdef FARHOLD_WRONG
auto wrong(store& s, const key& k) { return s.get<std::span<const double>>(k); }
#endif

}  // namespace get_span
