// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "survey.hpp"

#include <set>
#include <string>

#include <farhold/ofi.hpp>

#include "providers.hpp"
#include "rma/net_address.hpp"

namespace farhold::ofi::detail {

namespace {

/// "verbs;ofi_rxm (one-sided, atomics), tcp;ofi_rxm (the producer's thread helps, atomics), shm (…, if
/// named)".
fabric_fact all_providers() {
  fabric_fact fact{.key = "providers"};
  const std::set<std::string> with_atomics = names_with_atomics();
  for (const provider& one : providers()) {
    fact.names.push_back(one.name);
    fact.text += fact.text.empty() ? "providers: " : ", ";
    fact.text += one.name + (one.in_hardware ? " (one-sided" : " (the producer's thread helps");
    fact.text += with_atomics.contains(one.name) ? ", atomics" : ", no atomics";
    if (!one.used_unasked) fact.text += ", if named";
    if (one.untested) fact.text += ", untested";
    fact.text += ")";
  }
  if (fact.names.empty()) fact.text = "no provider can do remote reads";
  return fact;
}

fabric_fact reads(bool for_others) {
  fabric_fact fact{.key = "reads"};
  const fi_info* const chosen = choose_provider("", rma::listening_address("", for_others));
  if (chosen == nullptr) {
    fact.text = "objects of other hosts are sent by their producer";
    return fact;
  }
  fact.names.push_back(name_of(*chosen));
  fact.text = for_others
                  ? "objects of other hosts are read by " + fact.names.front()
                  : fact.names.front() + " reads if it is named (ofi://?provider=…), or with a job secret";
  return fact;
}

}  // namespace

std::vector<fabric_fact> survey(bool for_others) { return {reads(for_others), all_providers()}; }

}  // namespace farhold::ofi::detail
