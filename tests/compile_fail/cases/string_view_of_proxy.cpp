// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: (could not convert|no viable conversion).*string_view
#include "support.hpp"

namespace string_view_of_proxy {

std::string_view right(const proxy<std::string>& p) { return *p; }
#ifdef FARHOLD_WRONG
std::string_view wrong(const proxy<std::string>& p) { return p; }
#endif

}  // namespace string_view_of_proxy
