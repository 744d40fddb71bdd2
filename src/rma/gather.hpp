// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <span>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "clock.hpp"
#include "peers.hpp"
#include "quarantine.hpp"
#include "service.hpp"
#include "validation.hpp"

namespace farhold::rma {

/// One get that goes over the fabric. It must not move while it is under way.
struct fabric_get {
  peer* from = nullptr;  // null: this place is free
  ticket object;
  landing* where = nullptr;
  deadline until;
  status* outcome = nullptr;
  path way = path::service;
  path* reported = nullptr;

  validated_read steps;   // of a window
  remote_read wire;       // of a window
  client::request asked;  // of the service
};

/// Gets over the fabric, as many at a time as there are places for, from any number of producers: while one
/// read is on the wire, others are begun.
///
/// Threads   One gather may be used by one thread.
/// Progress  `step` progresses the fabric.
class gather {
 public:
  gather(transport& fabric, client& asking, quarantine& held, const read_rules& rules,
         read_counters& counters, std::span<fabric_get> places) noexcept
      : fabric_(fabric),
        client_(asking),
        quarantine_(held),
        rules_(rules),
        counters_(counters),
        places_(places) {}

  [[nodiscard]] bool full() const noexcept { return under_way_ == places_.size(); }
  [[nodiscard]] bool idle() const noexcept { return under_way_ == 0; }

  /// Begins a get; not when `full`. Its outcome is written by `step`, or at once.
  void begin(peer& from, const ticket& object, landing& where, const call_limits& limits, status& outcome,
             path& way) noexcept;
  /// Waits until one more get is over, or its time is.
  void wait() noexcept;

 private:
  [[nodiscard]] status start(fabric_get& one) noexcept;
  [[nodiscard]] bool over(fabric_get& one, status& outcome) noexcept;
  [[nodiscard]] bool hopeless(fabric_get& one, status& outcome) noexcept;
  [[nodiscard]] bool ask_instead(fabric_get& one, const status& failed) noexcept;
  void give_up(fabric_get& one) noexcept;
  void finish(fabric_get& one, const status& outcome) noexcept;

  transport& fabric_;
  client& client_;
  quarantine& quarantine_;
  const read_rules& rules_;
  read_counters& counters_;
  std::span<fabric_get> places_;
  std::size_t under_way_ = 0;
};

}  // namespace farhold::rma
