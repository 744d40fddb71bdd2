// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <span>

#include <farhold/transport.hpp>

#include "clock.hpp"
#include "peer_memory.hpp"
#include "service.hpp"

namespace farhold::rma {

/// Questions to producers, as many at a time as there are places for, all under one deadline. Each goes out
/// before the next one is thought of, which may take long.
///
/// Threads   One inquiry may be used by one thread.
/// Errors    `timeout`, `cancelled`, or `producer_lost` if the process that is asked is seen to have ended.
/// Progress  `wait` progresses the fabric.
class inquiry {
 public:
  /// One question. It must not move while it is under way.
  struct place {
    client::request question;
    const peer_memory* process = nullptr;  // of whom it is asked
    status* outcome = nullptr;             // null: this place is free
  };

  inquiry(transport& fabric, client& asking, std::span<place> places, const deadline& until) noexcept
      : fabric_(fabric), client_(asking), places_(places), until_(until) {}

  [[nodiscard]] bool full() const noexcept { return under_way_ == places_.size(); }
  [[nodiscard]] bool idle() const noexcept { return under_way_ == 0; }

  /// Asks; not when `full`. Its outcome is written by `wait`, or at once.
  void begin(peer_id whom, const peer_memory& process, message::kind what, const ticket& object,
             status& outcome) noexcept;
  /// Waits until one more question is answered, or the time of all is over.
  void wait() noexcept;

 private:
  void finish(place& one, const status& outcome) noexcept;
  void look() noexcept;
  void give_up_the_dead() noexcept;

  transport& fabric_;
  client& client_;
  std::span<place> places_;
  const deadline& until_;
  std::size_t under_way_ = 0;
};

}  // namespace farhold::rma
