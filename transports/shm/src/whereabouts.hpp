// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace farhold::shm::detail {

/// How a store is reached: `PID.FD.HOST`, where HOST is a hash of the boot id, so that a token that has left
/// its host is not taken for one of a process that has ended.
struct whereabouts {
  pid_t pid = 0;
  std::int32_t fd = -1;  ///< of the segment
  std::uint32_t host = 0;

  [[nodiscard]] std::string to_string() const;
  /// Nothing if `text` is anything else.
  static std::optional<whereabouts> parse(std::string_view text) noexcept;

  friend bool operator==(const whereabouts&, const whereabouts&) = default;
};

std::uint32_t this_host() noexcept;

}  // namespace farhold::shm::detail
