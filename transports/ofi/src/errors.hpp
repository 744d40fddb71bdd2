// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>

#include <farhold/error.hpp>

namespace farhold::ofi::detail {

/// One line of the table from libfabric's codes (FI_ENOTCONN, ...) to farhold's. A code without a line is
/// `transport_failure`.
struct error_row {
  int code;
  errc meaning;
};

std::span<const error_row> error_table() noexcept;

errc to_errc(int code) noexcept;

/// Of a code as libfabric's calls return it, negative, or as its completions have it.
status from_fi(long code, const char* where) noexcept;

}  // namespace farhold::ofi::detail
