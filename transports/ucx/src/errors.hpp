// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>

#include <ucs/type/status.h>

#include <farhold/error.hpp>

namespace farhold::ucx::detail {

/// One line of the table from UCX's codes to farhold's. A code without a line is `transport_failure`.
struct error_row {
  ucs_status_t code;
  errc meaning;
};

std::span<const error_row> error_table() noexcept;

errc to_errc(ucs_status_t code) noexcept;

status from_ucs(ucs_status_t code, const char* where) noexcept;

}  // namespace farhold::ucx::detail
