// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>

#include <sys/resource.h>

namespace farhold::bench {

/// What the kernel counts for this thread or this process.
struct processor_use {
  double seconds = 0;                      ///< of processor time, user and system
  std::uint64_t voluntary_switches = 0;    ///< it waited for something
  std::uint64_t involuntary_switches = 0;  ///< others had their turn

  [[nodiscard]] processor_use operator-(const processor_use& before) const noexcept {
    return {seconds - before.seconds, voluntary_switches - before.voluntary_switches,
            involuntary_switches - before.involuntary_switches};
  }
  processor_use& operator+=(const processor_use& more) noexcept {
    seconds += more.seconds;
    voluntary_switches += more.voluntary_switches;
    involuntary_switches += more.involuntary_switches;
    return *this;
  }
};

/// `who` is RUSAGE_SELF, all threads of this process, or RUSAGE_THREAD, the one that calls.
[[nodiscard]] inline processor_use processor_use_of(int who) noexcept {
  rusage used{};
  ::getrusage(who, &used);
  const auto to_seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {to_seconds(used.ru_utime) + to_seconds(used.ru_stime), static_cast<std::uint64_t>(used.ru_nvcsw),
          static_cast<std::uint64_t>(used.ru_nivcsw)};
}

/// A chain of dependent multiplications that no compiler shortens: about 4 ns each.
inline double chained_work(int multiplications) noexcept {
  volatile double seed = 1.000000001;
  double x = seed;
  for (int i = 0; i < multiplications; ++i) x = x * 1.0000000001 + 1e-12;
  return x;
}

}  // namespace farhold::bench
