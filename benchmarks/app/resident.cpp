// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "resident.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace farhold::bench {

namespace {

struct status {
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  std::uint64_t peak = 0;
};

/// proc(5): each in KiB.
status now() {
  status made;
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const auto take = [&](std::string_view name, std::uint64_t& into) {
      if (line.starts_with(name)) into = std::stoull(line.substr(name.size())) * 1024;
    };
    take("VmRSS:", made.resident);
    take("RssShmem:", made.shared);
    take("VmHWM:", made.peak);
  }
  return made;
}

}  // namespace

memory_watch::memory_watch() {
  std::ofstream("/proc/self/clear_refs") << "5" << std::flush;  // the peak begins anew
  const status begin = now();
  resident_ = begin.resident;
  shared_ = begin.shared;
}

std::uint64_t memory_watch::grown_bytes() const {
  const status end = now();
  const std::uint64_t mapped = end.shared - std::min(shared_, end.shared);
  return end.peak - std::min(resident_ + mapped, end.peak);
}

}  // namespace farhold::bench
