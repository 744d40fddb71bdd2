// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: lent memory is read as it lies, so its elements are trivially copyable
#include "support.hpp"

namespace lend_strings {

auto right(store& s, const std::string& text) { return s.lend(text); }
#ifdef FARHOLD_WRONG
auto wrong(store& s, const std::vector<std::string>& words) { return s.lend(words); }
#endif

}  // namespace lend_strings
