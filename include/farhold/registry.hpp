// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/uri.hpp>

namespace farhold {

namespace detail {
class store_core;
}

/// The stores that are open in this process, by name, and the URI schemes it can open.
///
/// Lifetime  One for the process (`global()`); it never dies.
/// Threads   All of it.
/// Errors    `invalid_argument` for a name or scheme that is taken.
class registry {
 public:
  using opener = std::function<std::unique_ptr<connector>(const uri&)>;

  static registry& global();

  void add(const std::shared_ptr<detail::store_core>& store);
  void remove(const detail::store_core& store) noexcept;
  [[nodiscard]] std::shared_ptr<detail::store_core> find(std::string_view name) const;
  /// By the hash that compact tokens carry.
  [[nodiscard]] std::shared_ptr<detail::store_core> find(std::uint32_t name_hash) const;
  [[nodiscard]] std::vector<std::string> names() const;

  /// Teaches `open` a scheme. A scheme added again replaces the former.
  void add_scheme(std::string scheme, opener open);
  /// Makes the connector a URI describes. Throws `invalid_argument` for an unknown scheme, with those known.
  [[nodiscard]] std::unique_ptr<connector> open(std::string_view uri_text) const;

 private:
  registry();

  mutable std::shared_mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<detail::store_core>> stores_;
  std::map<std::string, opener, std::less<>> schemes_;
};

}  // namespace farhold
