// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
// error: a view .* owns nothing that a proxy could resolve into; use a container
#include "support.hpp"

namespace proxy_of_string_view {

proxy<std::string> right;
#ifdef FARHOLD_WRONG
proxy<std::string_view> wrong;
#endif

}  // namespace proxy_of_string_view
