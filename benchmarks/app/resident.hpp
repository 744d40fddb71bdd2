// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

namespace farhold::bench {

/// How much more memory than before this process has had at once, since the watch was made.
///
/// Pages of shared memory are not its own: who reads a producer's object through a mapping holds no copy of
/// it.
class memory_watch {
 public:
  memory_watch();
  /// 0 where the kernel does not tell, or takes no reset of its peak and it was higher before.
  [[nodiscard]] std::uint64_t grown_bytes() const;

 private:
  std::uint64_t resident_;
  std::uint64_t shared_;
};

}  // namespace farhold::bench
