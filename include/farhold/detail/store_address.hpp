// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace farhold::detail {

/// A store's name and URI, shared by all proxies it makes.
struct store_address {
  std::string name;
  std::string uri;
  std::uint32_t name_hash = 0;  ///< of `name`; all that a compact token says
};
using store_address_ptr = std::shared_ptr<const store_address>;

}  // namespace farhold::detail
