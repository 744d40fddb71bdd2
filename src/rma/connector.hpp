// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "engine.hpp"

namespace farhold::rma {

/// Makes the one-sided connector over `fabric`. Collective where the fabric is; all peers succeed or throw.
///
/// A connector that is destroyed without `close` goes on serving until the fabric ends: its memory is
/// exposed to others, who were not asked.
std::unique_ptr<connector> make_connector(std::unique_ptr<transport> fabric, const options& options);

}  // namespace farhold::rma
