// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include "ucx_wire.hpp"

namespace farhold::test {

using wire_under_test = ucx::detail::ucx_wire;

}  // namespace farhold::test
