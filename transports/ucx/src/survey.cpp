// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "survey.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include "hardware.hpp"
#include "rma/net_address.hpp"
#include "worker.hpp"

namespace farhold::ucx::detail {

namespace {

/// "transport/device" of all that a context may use to reach another host. UCX 1.13 tells in no other way
/// than in words, a line for each: "resource 1  :  md 1  dev 1  flags -- tcp/lo".
std::vector<std::string> lanes_of(ucp_context_h context) {
  std::vector<std::string> found;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const to = ::open_memstream(&text, &size);
  if (to == nullptr) return found;
  ::ucp_context_print_info(context, to);
  std::fclose(to);
  std::istringstream lines(text != nullptr ? text : "");
  std::free(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(" -- ");
    if (line.find("resource") == std::string::npos || at == std::string::npos) continue;
    const std::string lane = line.substr(at + 4);
    if (lane.find("/memory") == std::string::npos) found.push_back(lane);
  }
  return found;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

fabric_fact messages(bool for_others) {
  fabric_fact fact{.key = "messages"};
  worker control;
  if (const status s = control.open(); !s.ok()) {
    fact.text = "UCX does not start";
    fact.problem = std::string("UCX does not start, at: ") + s.where;
    fact.cure = "look at what UCX_TLS and UCX_NET_DEVICES say, if they are set, and at UCX_LOG_LEVEL=info";
    return fact;
  }
  fact.names = lanes_of(control.context());
  fact.text = fact.names.empty() ? "UCX finds no network" : "messages go over " + listed(fact.names);
  const bool away =
      std::ranges::any_of(fact.names, [](const std::string& lane) { return !lane.ends_with("/lo"); });
  if (for_others && !away) {
    fact.problem = "UCX may use no network that leads to other hosts";
    fact.cure = "ip link set INTERFACE up, or let UCX_NET_DEVICES and UCX_TLS name one and tcp";
  }
  return fact;
}

fabric_fact reads() {
  fabric_fact fact{.key = "reads"};
  hardware devices;
  std::vector<std::byte> memory(std::size_t{1} << 16U);
  static_cast<void>(devices.open(memory, hardware_use::automatic));
  if (devices.is_up()) {
    fact.names = lanes_of(devices.context());
    fact.text = "objects of other hosts are read over " + listed(fact.names);
    return fact;
  }
  fact.text = "objects of other hosts are sent by their producer: " + devices.why_not();
  if (hardware::there_are_devices()) {
    fact.problem = "the InfiniBand-class devices of this host are not used: " + devices.why_not();
    fact.cure =
        "ibv_devinfo must show them to this user (ibverbs-providers; docker run --device=/dev/infiniband), "
        "`ulimit -l` must be large, and UCX_TLS, if it is set, must have ib";
  }
  return fact;
}

fabric_fact address(bool for_others) {
  const rma::net_address where = rma::listening_address("", for_others);
  const std::string text = where.to_string();
  fabric_fact fact{
      .key = "address", .text = "others find a store at ", .names = {text.substr(0, text.find(':'))}};
  fact.text += fact.names.front();
  if (!for_others) {
    fact.text += ", which is for this host only, without a job secret (FARHOLD_SECRET_FILE)";
  } else if (where.is_loopback()) {
    fact.problem = "no interface has an address that other hosts could know";
    fact.cure = "give one an IPv4 address (ip addr), or name it in the store's URI: ucx://?address=INTERFACE";
  }
  return fact;
}

}  // namespace

std::vector<fabric_fact> survey(bool for_others) {
  return {messages(for_others), reads(), address(for_others)};
}

}  // namespace farhold::ucx::detail
