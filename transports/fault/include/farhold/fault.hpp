// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>
#include <farhold/uri.hpp>

namespace farhold::fault {

/// What goes wrong, how often, and by which dice. Nothing does unless said.
///
/// Frequencies are between 0 (never) and 1 (always) and are decided for each call or message by a generator
/// that starts from `seed`: the same calls in the same order meet the same faults.
struct plan {
  std::uint64_t seed = 1;

  double delay = 0;      ///< a read, message or call takes `delay_time` longer
  double fail = 0;       ///< a call is refused with `transport_failure`
  double tear = 0;       ///< the halves of a read are fetched `delay_time` apart, either of them first
  double truncate = 0;   ///< a message loses its end; half a read lands and the read fails
  double duplicate = 0;  ///< a message arrives twice
  double drop = 0;       ///< a message never arrives; a finished read is not told for `lost_time`
  double reorder = 0;    ///< a message arrives behind the next one, or after `delay_time` if none comes until
                         ///< then; a finished read is told late
  std::uint64_t fail_nth = 0;  ///< in addition the n-th call of each kind is refused, counted from 1; 0: none

  std::chrono::nanoseconds delay_time = std::chrono::milliseconds(1);
  std::chrono::nanoseconds lost_time = std::chrono::seconds(1);

  /// From the options of a URI: seed=7, delay=0.1, fail=0.01, tear=…, truncate=…, duplicate=…, drop=…,
  /// reorder=…, fail_nth=100, delay_time=1ms, lost_time=1s. Takes those it finds; `invalid_argument` for a
  /// bad value.
  static plan take_from(uri& options);
  /// The options of a URI that say the same: those that differ from a plan without faults.
  [[nodiscard]] std::string to_options() const;
};

/// How many faults of each kind there were.
struct counts {
  std::atomic<std::uint64_t> delayed{0}, failed{0}, torn{0}, truncated{0}, duplicated{0}, dropped{0},
      reordered{0};
};

/// `inner`, with faults by the plan, counted in `seen` if that is given. The engine above it is the real one,
/// and what it must survive is what a network may do: bytes that arrive are never changed.
///
/// Threads   As `inner`; the dice are under a mutex.
std::unique_ptr<farhold::transport> transport(std::unique_ptr<farhold::transport> inner, const plan& what,
                                              std::shared_ptr<counts> seen = nullptr);

/// The same around a connector: `delay`, `fail` and `fail_nth` of its calls, and `truncate`, which is a get
/// that brings some bytes and fails. Its URI is that of `inner` with "fault+" before it and the plan in its
/// options; a store is opened so too: `fault+shm://?seed=7&fail=0.01`. `invalid_argument` if the plan has
/// faults that only a network can have.
std::unique_ptr<farhold::connector> connector(std::unique_ptr<farhold::connector> inner, const plan& what);

}  // namespace farhold::fault
