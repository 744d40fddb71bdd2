// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include <ucp/api/ucp.h>

namespace farhold::ucx::detail {

/// What UCX_TLS lets UCX use. A list of names; with "^" in front, all but those.
class allowed_transports {
 public:
  allowed_transports() : list_(value_of("UCX_TLS")), negated_(list_.starts_with('^')) {
    if (list_.empty()) list_ = "all";
    if (negated_) list_.erase(0, 1);
  }
  [[nodiscard]] bool any_of(std::initializer_list<std::string_view> names) const {
    return std::ranges::any_of(names, [&](std::string_view name) { return names_it(name) != negated_; }) ||
           (!negated_ && names_it("all"));
  }
  /// InfiniBand-class devices.
  [[nodiscard]] bool verbs() const {
    return any_of({"ib", "rc", "rc_v", "rc_verbs", "rc_x", "rc_mlx5", "ud", "ud_v", "ud_verbs", "ud_x",
                   "ud_mlx5", "dc", "dc_x", "dc_mlx5"});
  }
  /// UCX connects two processes by the interface of an address, and only where it may use a transport on it:
  /// a list of transports that are none of a network's gets tcp, which then connects and does no more.
  [[nodiscard]] std::string with_a_network() const {
    if (negated_ || verbs() || any_of({"tcp"})) return {};
    return list_ + ",tcp";
  }

 private:
  static std::string value_of(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
  }
  [[nodiscard]] bool names_it(std::string_view name) const {
    for (std::string_view rest = list_; !rest.empty();) {
      const std::string_view item = rest.substr(0, rest.find(','));
      if (item == name) return true;
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    }
    return false;
  }

  std::string list_;
  bool negated_;
};

/// What the user has set stays. Keys of transports go without the transport's name: UCX 1.13 takes the full
/// ones for unknown, and says so when the worker is made. It says so of any key that no transport has, too.
inline void prefer(ucp_config_t* config, const char* variable, const char* key, const char* value) noexcept {
  if (std::getenv(variable) == nullptr) static_cast<void>(::ucp_config_modify(config, key, value));
}

}  // namespace farhold::ucx::detail
