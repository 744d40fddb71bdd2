// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <sys/types.h>

#include "detail/descriptor.hpp"

namespace farhold::tools {

using farhold::detail::descriptor;

/// A second process of this program, which says one line and then serves.
///
/// Lifetime  It ends with this object, and with the process that made it.
class peer_process {
 public:
  /// `begin` is called there and returns the line. What it makes must stay where it is until the end: it is
  /// called once, and nothing after it. To be made before this process has threads.
  explicit peer_process(const std::function<std::string()>& begin);
  peer_process(const peer_process&) = delete;
  peer_process& operator=(const peer_process&) = delete;
  ~peer_process();

  /// What it said, without the end of the line. Throws `timeout`, and `producer_lost` if it ended.
  std::string line(std::chrono::milliseconds patience);

 private:
  pid_t child_ = -1;
  descriptor from_child_;
  descriptor to_child_;
};

}  // namespace farhold::tools
