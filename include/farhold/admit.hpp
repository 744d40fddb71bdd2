// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

namespace farhold {

/// Who may become acquainted with a store over a network that has no job secret.
enum class admit {
  same_host,  ///< whoever connects from this host: the store listens at a loopback address and at no other
  anyone,     ///< whoever can connect
};

}  // namespace farhold
