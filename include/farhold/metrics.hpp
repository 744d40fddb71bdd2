// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace farhold {

/// The way the bytes of one resolve travelled.
enum class path : std::uint8_t {
  inlined,  ///< inside the proxy itself
  cached,   ///< already in the store's cache, nothing moved
  local,    ///< inside this process
  mapped,   ///< copied out of shared memory of the same host; the producer did nothing
  cma,      ///< process_vm_readv on the same host; the producer did nothing
  window,   ///< one-sided read over the fabric
  service,  ///< sent by the producer's progress thread, on request
  view,     ///< looked at in place, under a pin; nothing was copied
  storage,  ///< from where objects outlive their producers: a file system, a server
};
inline constexpr std::size_t path_count = 9;

/// "mapped", "window" …
std::string_view to_string(path p) noexcept;

/// Counters of one store in one process, since it was opened. All sizes are payload bytes.
struct metrics {
  struct travelled {
    std::uint64_t resolves = 0;
    std::uint64_t bytes = 0;
  };
  std::array<travelled, path_count> by_path{};  ///< what this process read; index with `on`

  std::uint64_t published = 0;  ///< objects put by this process
  std::uint64_t published_bytes = 0;
  std::uint64_t published_in_place = 0;  ///< of these: adopted or lent, and not copied
  /// Objects of this process that were ended; where no producer is needed, objects that this process ended.
  std::uint64_t evicted = 0;
  std::uint64_t failed_evictions = 0;  ///< of objects whose lifetime had ended

  std::uint64_t arenas = 0;  ///< of this process as a producer, now
  std::uint64_t arena_bytes = 0;
  std::uint64_t arena_used_bytes = 0;  ///< of these: objects, trailers, what waits to be reused
  std::uint64_t adopted_bytes = 0;     ///< published where they lie, until their owner is released
  std::uint64_t lent_bytes = 0;
  std::uint64_t pins_held = 0;  ///< by views of this process, now

  std::uint64_t failed_resolves = 0;
  std::uint64_t observed_stale = 0;      ///< reads that found their object evicted, at whatever moment
  std::uint64_t reused_during_read = 0;  ///< of these: alive when the read began, gone when it ended
  std::uint64_t second_looks = 0;        ///< reads whose trailer was fetched again to be sure
  std::uint64_t timeouts = 0;
  std::uint64_t quarantined_bytes = 0;  ///< landing memory the fabric may still write into, now

  std::uint64_t service_requests = 0;  ///< answered by this process as a producer
  std::uint64_t service_bytes = 0;     ///< sent by this process as a producer
  std::uint64_t refused_requests = 0;  ///< malformed or out of range; nothing was read for them

  [[nodiscard]] const travelled& on(path p) const noexcept { return by_path[static_cast<std::size_t>(p)]; }
  [[nodiscard]] travelled& on(path p) noexcept { return by_path[static_cast<std::size_t>(p)]; }

  /// One JSON object, keys as the members are named.
  [[nodiscard]] std::string to_json() const;
  /// The text format of Prometheus: `farhold_<member>_total{store="…"}`, and no `_total` for what can shrink.
  [[nodiscard]] std::string to_prometheus(std::string_view store_name) const;
};

}  // namespace farhold
