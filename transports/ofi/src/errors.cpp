// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "errors.hpp"

#include <algorithm>
#include <array>

#include <rdma/fi_errno.h>

namespace farhold::ofi::detail {

namespace {

// Of a connection, as libfabric 1.17 reports them over tcp: ECANCELED to reads that were under way when it
// ended, ENOTCONN to whoever reads after that; ENOENT from the sockets provider when nobody listens.
constexpr std::array table{
    error_row{FI_SUCCESS, errc::ok},
    error_row{FI_ENOMEM, errc::out_of_memory},
    error_row{FI_EMFILE, errc::out_of_memory},
    error_row{FI_ENOSPC, errc::out_of_memory},
    error_row{FI_EINVAL, errc::invalid_argument},
    error_row{FI_EADDRNOTAVAIL, errc::invalid_argument},
    error_row{FI_EMSGSIZE, errc::invalid_argument},
    error_row{FI_EACCES, errc::permission},
    error_row{FI_EPERM, errc::permission},
    error_row{FI_ENODATA, errc::unsupported},
    error_row{FI_ENOSYS, errc::unsupported},
    error_row{FI_EOPNOTSUPP, errc::unsupported},
    error_row{FI_ENOTCONN, errc::producer_lost},
    error_row{FI_ENOENT, errc::producer_lost},
    error_row{FI_ECANCELED, errc::producer_lost},
    error_row{FI_ECONNREFUSED, errc::producer_lost},
    error_row{FI_ECONNRESET, errc::producer_lost},
    error_row{FI_ECONNABORTED, errc::producer_lost},
    error_row{FI_ESHUTDOWN, errc::producer_lost},
    error_row{FI_EHOSTUNREACH, errc::unreachable},
    error_row{FI_ENETUNREACH, errc::unreachable},
    error_row{FI_ENETDOWN, errc::unreachable},
    error_row{FI_EHOSTDOWN, errc::unreachable},
    error_row{FI_ETIMEDOUT, errc::unreachable},
    error_row{FI_ETRUNC, errc::corrupt},
};

}  // namespace

std::span<const error_row> error_table() noexcept { return table; }

errc to_errc(int code) noexcept {
  const auto row = std::ranges::find(table, code, &error_row::code);
  return row != table.end() ? row->meaning : errc::transport_failure;
}

status from_fi(long code, const char* where) noexcept {
  const int positive = static_cast<int>(code < 0 ? -code : code);
  return {to_errc(positive), positive, where};
}

}  // namespace farhold::ofi::detail
