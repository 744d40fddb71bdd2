// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "chooser.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fnmatch.h>
#include <unistd.h>

namespace farhold::multi {

chooser::chooser(std::vector<policy> policies, std::vector<connector_capabilities> can, bool twin)
    : policies_(std::move(policies)), can_(std::move(can)), twin_(twin), order_(policies_.size()) {
  std::array<char, 256> host{};
  static_cast<void>(::gethostname(host.data(), host.size() - 1));
  for (const policy& p : policies_)
    here_.push_back(p.host.empty() || ::fnmatch(p.host.c_str(), host.data(), 0) == 0);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return policies_[a].priority > policies_[b].priority;
  });
}

bool chooser::takes(std::size_t part, const wanted& object) const noexcept {
  const policy& p = policies_[part];
  const connector_capabilities& can = can_[part];
  const auto one_of = [](const auto& all, const auto& one) {
    return all.empty() || std::find(all.begin(), all.end(), one) != all.end();
  };
  if (!here_[part] || object.size_bytes < p.min_bytes || object.size_bytes > p.max_bytes) return false;
  if (!p.types.empty() && (!object.type_known || !one_of(p.types, object.type))) return false;
  if (!one_of(p.tags, object.tag)) return false;
  if (object.reads > 0 && !can.counts_reads) return false;
  // Counted objects have no twin, which would bring them back.
  return !object.durable || can.durable || (twin_ && object.reads == 0);
}

}  // namespace farhold::multi
