// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <farhold/detail/store_address.hpp>

namespace farhold::detail {

std::uint32_t hash_store_name(std::string_view name) noexcept;

/// Throws `invalid_argument` if name or URI do not fit a token.
store_address_ptr make_store_address(std::string name, std::string uri);

/// The address of the open store with that hash, or one with the hash alone.
store_address_ptr store_address_by_hash(std::uint32_t name_hash);

}  // namespace farhold::detail
