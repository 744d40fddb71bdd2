// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>

#include "resident.hpp"
#include "route.hpp"
#include "stage.hpp"

namespace farhold::bench {

/// Who does what: rank 0 dispatches, the first half of the others produces, the rest consumes.
struct cast {
  explicit cast(const stage& all)
      : rank(all.rank()), producers((all.ranks() - 1) / 2), consumers(all.ranks() - 1 - producers) {}
  [[nodiscard]] bool produces() const { return rank >= 1 && rank <= producers; }
  [[nodiscard]] bool consumes() const { return rank > producers; }

  int rank;
  int producers;
  int consumers;
};

struct workload {
  std::uint64_t item_bytes;  ///< a multiple of 8
  std::uint64_t items;
  std::uint64_t touched_percent = 100;  ///< of the items, by their consumers
};

/// Producers send a letter for each item to the dispatcher, who passes it on to the next consumer in turn.
///
/// Timed from the first item until the last consumer says that it has used its last one.
[[nodiscard]] joint_body dispatched(const stage& all, const std::string& name, const workload& what,
                                    std::shared_ptr<route> by);

}  // namespace farhold::bench
