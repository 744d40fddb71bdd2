// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/bytes.hpp>

namespace farhold::detail {

/// RFC 4648 section 5, without padding.
std::string to_base64url(byte_view bytes);
/// Nothing if a character or the length cannot come from the above.
std::optional<std::vector<std::byte>> from_base64url(std::string_view text);

}  // namespace farhold::detail
