// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// clang-error: object backing the pointer will be destroyed.*-Wdangling-gsl
// flags: -Werror=dangling-gsl
#include "support.hpp"

namespace dangling_view {

std::size_t right(store& s) {
  const auto p = s.proxy(std::string("text"));
  const std::string_view text = *p;
  return text.size();
}
#ifdef FARHOLD_WRONG
std::size_t wrong(store& s) {
  const std::string_view text = *s.proxy(std::string("text"));
  return text.size();
}
#endif

}  // namespace dangling_view
