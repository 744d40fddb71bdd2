// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <vector>

#include <farhold/store.hpp>

#include "bench_offer.hpp"
#include "bench_stream.hpp"
#include "raw_memory.hpp"

namespace farhold::tools {

/// The process that is read from.
///
/// Lifetime  Serves until it ends; it must end before the program does.
class bench_service {
 public:
  /// `far`: for other hosts, too.
  bench_service(const std::string& uri, bool far);

  /// Names all that is offered.
  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  void close() { store_.close(); }

 private:
  store store_;
  bench::raw_memory memory_;
  stream_server stream_;
  std::string token_;
};

}  // namespace farhold::tools
