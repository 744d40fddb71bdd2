// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <string>
#include <vector>

#include <farhold/multi.hpp>

namespace farhold::multi {

/// What is known of an object that looks for a part.
struct wanted {
  std::uint64_t size_bytes = 0;
  type_id type;
  bool type_known = false;
  std::string tag;
  std::uint32_t reads = 0;
  bool durable = false;
};

/// The order in which parts are tried, and which of them take an object.
class chooser {
 public:
  /// By the index of their parts. `twin`: makes durable what its own part does not.
  chooser(std::vector<policy> policies, std::vector<connector_capabilities> can, bool twin);

  /// Indices, best first.
  [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }
  [[nodiscard]] bool takes(std::size_t part, const wanted& object) const noexcept;

 private:
  std::vector<policy> policies_;
  std::vector<connector_capabilities> can_;
  bool twin_;
  std::vector<bool> here_;  // the host's name fits
  std::vector<std::size_t> order_;
};

}  // namespace farhold::multi
