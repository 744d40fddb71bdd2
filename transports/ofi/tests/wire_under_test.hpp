// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include "rma/socket_wire.hpp"

namespace farhold::test {

using wire_under_test = rma::socket_wire;

}  // namespace farhold::test
