// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>

#include <farhold/admit.hpp>
#include <farhold/registry.hpp>

#include "admission.hpp"
#include "net_address.hpp"

namespace farhold::rma {

/// Where a store listens for processes it has not met, and which of them it lets in.
struct entrance {
  net_address where;  ///< port 0: any
  job_secret secret;
  bool for_others = false;  ///< more than this host's processes: they know the secret, or anyone is let in

  /// From what the user said, and the environment where that is nothing. Throws `invalid_argument` or
  /// `permission`.
  static entrance of(const std::string& address, const std::string& secret, const std::string& secret_file,
                     admit who);
};

/// How far a store reaches that is opened by its scheme alone: other hosts, if the environment says who is
/// let in.
reach reach_by_environment() noexcept;

}  // namespace farhold::rma
