// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (invalid initialization of reference of type .*label|no matching function for call to 'width')
#include "support.hpp"

namespace second_conversion {

struct label {
  label(const std::string& text);
};
std::size_t width(const label& l);

std::size_t right(const proxy<std::string>& p) { return width(*p); }
#ifdef FARHOLD_WRONG
std::size_t wrong(const proxy<std::string>& p) { return width(p); }
#endif

}  // namespace second_conversion
