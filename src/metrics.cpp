// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/metrics.hpp>

#include <utility>

namespace farhold {

std::string_view to_string(path p) noexcept {
  constexpr std::array<std::string_view, path_count> names = {"inlined", "cached", "local",  "mapped",
                                                              "cma",     "window", "service"};
  const auto at = static_cast<std::size_t>(p);
  return at < names.size() ? names[at] : "unknown";
}

std::string metrics::to_json() const {
  std::string text = "{\"by_path\":{";
  for (std::size_t i = 0; i < path_count; ++i) {
    if (i > 0) text += ',';
    text += '"' + std::string(to_string(static_cast<path>(i))) +
            "\":{\"resolves\":" + std::to_string(by_path[i].resolves) +
            ",\"bytes\":" + std::to_string(by_path[i].bytes) + '}';
  }
  text += '}';
  const std::pair<const char*, std::uint64_t> plain[] = {
      {"published", published},
      {"published_bytes", published_bytes},
      {"evicted", evicted},
      {"failed_resolves", failed_resolves},
      {"observed_stale", observed_stale},
      {"reused_during_read", reused_during_read},
      {"second_looks", second_looks},
      {"timeouts", timeouts},
      {"quarantined_bytes", quarantined_bytes},
      {"service_requests", service_requests},
      {"service_bytes", service_bytes},
      {"refused_requests", refused_requests},
  };
  for (const auto& [name, value] : plain) text += std::string(",\"") + name + "\":" + std::to_string(value);
  return text + '}';
}

}  // namespace farhold
