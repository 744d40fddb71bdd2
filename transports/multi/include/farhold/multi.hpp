// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/serializer.hpp>

namespace farhold::multi {

/// Which objects a connector is offered. All that is said must hold.
struct policy {
  std::uint64_t min_bytes = 0;
  std::uint64_t max_bytes = ~std::uint64_t{0};
  std::vector<type_id> types = {};     ///< any if empty, see `types`
  std::vector<std::string> tags = {};  ///< `put_options::tag`; any, or none, if empty
  /// Only in processes on hosts of such a name, as fnmatch(3) takes it: "gpu*", "node[0-9]". Any if empty.
  std::string host = {};
  int priority = 0;  ///< of those that fit the highest is tried first, then in the order of the parts
};

/// The types of objects: `.types = multi::types<std::vector<float>, frame>()`.
template <class... Ts>
std::vector<type_id> types() {
  return {farhold::detail::type_of<Ts>()...};
}

/// A connector and its policy.
struct part {
  std::unique_ptr<farhold::connector> to;
  policy takes = {};
};

struct options {
  /// The index of the part that gets a second copy of every object whose own part does not outlive its
  /// producer, in the background: the durable twin. It must promise keys (file and redis do).
  std::optional<std::size_t> twin = {};
  /// So much may wait to be written to the twin; who puts more writes it himself.
  std::uint64_t backlog_bytes = std::uint64_t{256} << 20U;
};

/// One store over several connectors.
///
/// A put goes to the first part whose policy takes it and that has room: a full one (`out_of_memory`) sends
/// the object on. Its key, and the URI in its proxies, name the part that has it, so that a process that
/// opened nothing resolves it. All processes of a store give the same parts in the same order.
///
/// URI: "multi:///?0=shm://&1=file:///scratch/run7&0.max=1MiB&twin=1". A '%' or '&' within a part's URI is
/// %25 or %26. Policies are N.min, N.max, N.tag (one), N.host and N.priority.
///
/// Lifetime  `close` waits for what is to be written to the twin, and then closes the parts.
/// Errors    `invalid_argument` for no parts, more than 16, or a twin that is none of them or promises no
/// keys. A
///           put that no policy takes is `unsupported`.
/// Progress  What the parts need. The twin has a thread, which sleeps when nothing is to be written.
std::unique_ptr<farhold::connector> connector(std::vector<part> parts, const options& how = {});

/// The same: `multi::connector({.twin = 1}, part{shm::connector()}, part{file::connector({…})})`.
template <std::same_as<part>... Parts>
std::unique_ptr<farhold::connector> connector(const options& how, part first, Parts... more) {
  std::vector<part> all;
  all.push_back(std::move(first));
  (all.push_back(std::move(more)), ...);
  return connector(std::move(all), how);
}

}  // namespace farhold::multi
