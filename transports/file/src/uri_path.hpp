// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <string_view>

namespace farhold::file {

/// A path as it stands in a URI: what would end it there, and what is no printable ASCII, as %hh (RFC 3986).
std::string to_uri_path(std::string_view path);

/// The path in "file://" + `rest`: absolute, on no named host (RFC 8089). Throws `invalid_argument`.
std::string from_uri_path(std::string_view rest);

}  // namespace farhold::file
