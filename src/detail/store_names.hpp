// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <farhold/detail/store_address.hpp>
#include <farhold/key.hpp>

namespace farhold::detail {

std::uint32_t hash_store_name(std::string_view name) noexcept;

/// Throws `invalid_argument` if name or URI do not fit a token.
store_address_ptr make_store_address(std::string name, std::string uri);

/// The address of the open store with that hash, or one with the hash alone.
store_address_ptr store_address_by_hash(std::uint32_t name_hash);

/// Tells the store of that name, if it is open here, of another process that has it.
void introduce(const store_address& maker) noexcept;

/// The address of who has put the object, where a store has many producers and `known` is but this process's.
store_address_ptr store_address_of(const store_address_ptr& known, const key& object);

}  // namespace farhold::detail
