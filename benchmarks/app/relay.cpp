// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <farhold/farhold.hpp>
#include <farhold/mpi.hpp>

#include "applications.hpp"
#include "dispatched.hpp"
#include "sizes.hpp"

namespace farhold::bench {

namespace {

constexpr std::array<std::uint64_t, 8> sizes = {256,      kib,       4 * kib, 16 * kib,
                                                64 * kib, 256 * kib, mib,     16 * mib};
constexpr std::uint64_t largest_when_quick = mib;

workload work_of(std::uint64_t item_bytes, bool quick) {
  const std::uint64_t all_bytes = quick ? 8 * mib : 32 * mib;
  return {item_bytes, std::clamp<std::uint64_t>(all_bytes / item_bytes, 8, quick ? 64 : 512)};
}

/// Room for what producers publish in a run, and for what was evicted after earlier ones and still rests
/// (docs/memory.md, "How large an arena").
store open_store(const stage& all, std::uint64_t bytes_of_a_run) {
  const cast who(all);
  const std::uint64_t room =
      who.produces() ? 24 * bytes_of_a_run / static_cast<std::uint64_t>(who.producers) : 0;
  return {"relay", mpi::connector(all.comm(), {.arena_bytes = room + 4 * mib})};
}

std::string name_of(std::uint64_t item_bytes) { return "relay/" + size_name(item_bytes); }

}  // namespace

void relay(stage& all) {
  if (!std::ranges::any_of(sizes, [&](std::uint64_t bytes) { return all.wanted(name_of(bytes)); })) return;
  const workload largest = work_of(all.quick() ? largest_when_quick : sizes.back(), all.quick());
  store through = open_store(all, largest.item_bytes * largest.items);
  {
    const std::shared_ptr<route> redis = all.one_host() ? by_redis(all) : nullptr;
    if (redis == nullptr) {
      all.not_built("relay/by Redis", all.one_host() ? "no redis-server, or no hiredis"
                                                     : "its server is for the ranks of one host");
    }
    for (const std::uint64_t bytes : sizes) {
      if (all.quick() && bytes > largest_when_quick) break;
      const workload what = work_of(bytes, all.quick());
      joint_comparison made{.name = name_of(bytes), .wanted = {goal::kind::times_as_long, 1.0}};
      made.bodies.push_back(dispatched(all, "by value", what, by_value()));
      if (redis != nullptr) made.bodies.push_back(dispatched(all, "by Redis", what, redis));
      made.bodies.push_back(dispatched(all, "by file", what, by_file(all.shared_folder())));
      made.bodies.push_back(dispatched(all, "by proxy, in place", what, by_proxy(through, true)));
      made.bodies.push_back(dispatched(all, "by proxy", what, by_proxy(through, false)));
      all.compare(made);
    }
  }
  through.close();
}

void partial_use(stage& all) {
  constexpr std::array<std::uint64_t, 5> shares = {0, 10, 25, 50, 100};
  const auto name = [](std::uint64_t percent) { return "partial use/" + std::to_string(percent) + " %"; };
  if (!std::ranges::any_of(shares, [&](std::uint64_t percent) { return all.wanted(name(percent)); })) return;
  workload what{mib, all.quick() ? 8U : 32U};
  store through = open_store(all, what.item_bytes * what.items);
  for (const std::uint64_t percent : shares) {
    what.touched_percent = percent;
    all.compare({.name = name(percent),
                 .bodies = {dispatched(all, "by value", what, by_value()),
                            dispatched(all, "by proxy", what, by_proxy(through, false))},
                 .wanted = {goal::kind::times_as_long, 1.0}});
  }
  through.close();
}

void memory(stage& all) {
  const cast who(all);
  // One for each.
  const workload what{all.quick() ? 16 * mib : 64 * mib,
                      static_cast<std::uint64_t>(std::max(who.producers, who.consumers))};
  const std::string name = "memory/" + size_name(what.item_bytes);
  if (!all.wanted(name)) return;
  store through = open_store(all, what.item_bytes * what.items);
  all.compare({.name = name,
               .bodies = {dispatched(all, "by value", what, by_value()),
                          dispatched(all, "by proxy, in place", what, by_proxy(through, true)),
                          dispatched(all, "by proxy", what, by_proxy(through, false))}});
  through.close();
}

}  // namespace farhold::bench
