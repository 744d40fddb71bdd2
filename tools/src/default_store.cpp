// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "default_store.hpp"

#include <algorithm>
#include <vector>

#include <farhold/error.hpp>
#include <farhold/registry.hpp>

#include "build_facts.hpp"

namespace farhold::tools {

std::string default_store() {
  std::vector<scheme_facts> schemes = registry::global().schemes();
  // Of those that reach equally far the first in the build's list of transports, which has the nearest ones
  // first.
  std::ranges::stable_sort(schemes, {}, [](const scheme_facts& scheme) {
    return std::ranges::find(transports(), scheme.name, &transport_fact::name) - transports().begin();
  });
  scheme_facts best;
  for (const scheme_facts& scheme : schemes) {
    if (scheme.reach > best.reach) best = scheme;
  }
  if (best.reach < reach::host)
    throw error(errc::unsupported,
                "no scheme of this build reaches another process; name a store with --store");
  return best.name + "://";
}

}  // namespace farhold::tools
