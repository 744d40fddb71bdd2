// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <algorithm>
#include <array>

namespace farhold::ucx::detail {

namespace {

// Of a connection, as UCX 1.13 reports them: NOT_CONNECTED when nobody listens, REJECTED when the listener
// has no room, CONNECTION_RESET when the other end goes, ENDPOINT_TIMEOUT when a transport notices that
// first.
constexpr std::array table{
    error_row{UCS_OK, errc::ok},
    error_row{UCS_ERR_NO_MEMORY, errc::out_of_memory},
    error_row{UCS_ERR_NO_RESOURCE, errc::out_of_memory},
    error_row{UCS_ERR_EXCEEDS_LIMIT, errc::out_of_memory},
    error_row{UCS_ERR_INVALID_PARAM, errc::invalid_argument},
    error_row{UCS_ERR_INVALID_ADDR, errc::invalid_argument},
    error_row{UCS_ERR_UNREACHABLE, errc::unreachable},
    error_row{UCS_ERR_NO_DEVICE, errc::unreachable},
    error_row{UCS_ERR_REJECTED, errc::unreachable},
    error_row{UCS_ERR_NOT_CONNECTED, errc::producer_lost},
    error_row{UCS_ERR_CONNECTION_RESET, errc::producer_lost},
    error_row{UCS_ERR_ENDPOINT_TIMEOUT, errc::producer_lost},
    error_row{UCS_ERR_CANCELED, errc::producer_lost},
    error_row{UCS_ERR_TIMED_OUT, errc::unreachable},
    error_row{UCS_ERR_UNSUPPORTED, errc::unsupported},
    error_row{UCS_ERR_NOT_IMPLEMENTED, errc::unsupported},
    error_row{UCS_ERR_MESSAGE_TRUNCATED, errc::corrupt},
};

}  // namespace

std::span<const error_row> error_table() noexcept { return table; }

errc to_errc(ucs_status_t code) noexcept {
  const auto row = std::ranges::find(table, code, &error_row::code);
  return row != table.end() ? row->meaning : errc::transport_failure;
}

status from_ucs(ucs_status_t code, const char* where) noexcept { return {to_errc(code), code, where}; }

}  // namespace farhold::ucx::detail
