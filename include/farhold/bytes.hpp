// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <bit>
#include <cstddef>
#include <span>

namespace farhold {

/// Memory that is read. Never owns.
using byte_view = std::span<const std::byte>;
/// Memory that is written. Never owns.
using byte_span = std::span<std::byte>;

// Wire forms are little-endian and payloads are memory images; a big-endian port would have to swap both.
static_assert(std::endian::native == std::endian::little, "farhold supports little-endian hosts only");

}  // namespace farhold
