// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>

#include <farhold/error.hpp>

#include "peer_process.hpp"

namespace farhold::tools {

/// How the bytes of a second process of this host come here over one store.
struct probe_result {
  errc outcome = errc::ok;
  std::string problem;    ///< the message, if it did not work
  std::string own_path;   ///< of an object in the store's own memory: "mapped", "cma" …
  std::string lent_path;  ///< of memory that was lent
  bool lent_in_place = false;
};

/// Tries a store: a second process opens it and puts two objects, this one reads them.
///
/// Lifetime  The second process ends with the probe.
class probe {
 public:
  /// Starts the second process. To be called before this process has threads.
  explicit probe(std::string uri);

  probe_result run();

 private:
  std::string uri_;
  peer_process second_;
};

}  // namespace farhold::tools
