// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <farhold/transport.hpp>

#include "domain.hpp"
#include "gate.hpp"
#include "landing_memory.hpp"
#include "offer.hpp"

namespace farhold::ofi::detail {

/// A process that can be read from.
struct far_arena {
  explicit far_arena(const offer& told) : what(told) {}

  const offer what;
  std::atomic<int> failures{0};  ///< in a row
  /// Which endpoint `number` is of; 0: of none yet.
  std::atomic<std::uint32_t> epoch{0};
  fi_addr_t number = FI_ADDR_UNSPEC;
};

/// Reads of other processes' arenas, at an endpoint that does nothing else.
///
/// After an error the endpoint is closed and made anew: a provider's connection may be dead after one bad
/// key, for ever, and no other call brings it back. Reads that were under way then fail as `unreachable`:
/// each is the innocent victim of another, and the engine asks their producers, once.
///
/// Lifetime  `open` and `close` once. Reads are over before `close`.
/// Threads   All but `open` and `close`. No lock is taken on the warm path.
/// Progress  `progress` and `test`, of whoever waits for a read. Nobody is woken by what comes: who waits
///           looks for it anyway, and one more that a completion wakes takes turns with him, which made a
///           small read over tcp twice as long.
class reader {
 public:
  /// What somebody waits for that the provider does not take: it connects to the dead for ever.
  static constexpr std::chrono::seconds patience{3};
  /// An arena that failed so often in a row is not read until its process has been met anew.
  static constexpr int most_failures = 3;
  /// An endpoint that is connected to so many is made anew when nothing is under way.
  static constexpr std::size_t most_connected = 128;

  status open(const domain& over) noexcept;
  void close() noexcept;

  /// Whether reads from there are to go this way.
  [[nodiscard]] bool wants(const far_arena& from) noexcept;
  status start(remote_read& read, far_arena& from) noexcept;
  status test(remote_read& read, bool& done) noexcept;
  bool progress() noexcept;
  /// Whether the endpoint is as it should be, and nobody need call `progress` for that.
  [[nodiscard]] bool is_settled() const noexcept;

 private:
  using clock = std::chrono::steady_clock;
  enum class state : std::uint8_t { idle, posted, over };
  /// A read as libfabric knows it. Stays where it is; used again.
  struct operation {
    fi_context2 context{};  // libfabric's while it is posted. The first member: completions name it
    std::atomic<state> at{state::idle};
    status outcome;
    landing_memory::place lands;
    std::uint32_t next_free = 0;
  };
  /// What a remote_read keeps.
  struct pending {
    far_arena* from = nullptr;
    operation* under_way = nullptr;
    std::uint64_t read_bytes = 0;  // of it, before `under_way`
    std::uint64_t chunk_bytes = 0;
    clock::time_point waits_since{};  // of a chunk that was not taken yet
  };
  static constexpr std::size_t most_operations = 256;
  static constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 30U;

  status advance(remote_read& read, pending& p) noexcept;
  status post(remote_read& read, pending& p) noexcept;
  [[nodiscard]] bool knows(far_arena& to) noexcept;
  [[nodiscard]] static bool is_posted(const pending& p) noexcept;
  status wait_for_provider(remote_read& read, pending& p, bool& done) noexcept;
  status drop(pending& p, const status& why) noexcept;
  bool look() noexcept;
  void finish(operation& one, const status& outcome) noexcept;
  [[nodiscard]] operation* take() noexcept;
  void give_back(operation*& one) noexcept;
  void renew() noexcept;
  status make_endpoint() noexcept;

  const domain* over_ = nullptr;
  std::uint64_t chunk_limit_ = 0;
  endpoint at_;
  std::uint32_t epoch_ = 0;            // changes while the gate is shut
  gate gate_;                          // to the endpoint
  std::atomic<bool> spoilt_{false};    // the endpoint
  std::atomic<bool> given_up_{false};  // no new one could be made
  std::atomic<bool> renewing_{false};
  std::mutex meeting_;  // fi_av_insert
  std::atomic<std::size_t> connected_{0};

  landing_memory landing_;
  std::unique_ptr<operation[]> operations_;
  std::atomic<std::uint64_t> free_{0};  // number + 1 of the first, and above it how often that has changed
  std::atomic<std::size_t> posted_{0};
};

}  // namespace farhold::ofi::detail
