// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <farhold/admit.hpp>
#include <farhold/connector.hpp>
#include <farhold/rma.hpp>
#include <farhold/transport.hpp>

namespace farhold::ofi {

using farhold::admit;

/// How a store over libfabric is made; in a URI, "ofi://?provider=tcp&address=ib0", with the names given
/// here. What decides who is let in has no name there, because URIs travel in tokens, which may come from
/// anybody.
struct options {
  std::size_t arena_bytes = std::size_t{64} << 20U;  ///< `arena`: for objects of this process
  std::size_t arena_limit_bytes =
      0;  ///< `arena_limit`: further arenas are made up to this many bytes; 0: none
  /// `address`: where others find this process: an IPv4 address, or the name of a network interface, and
  /// perhaps ":PORT". Empty: with a job secret, or if anyone is admitted, the interface of the default route
  /// or else the first that is up; without, and where there is none, 127.0.0.1.
  std::string address = {};
  /// The job secret, at least 16 bytes, or a file that has it. Both empty: what FARHOLD_SECRET, or the file
  /// that FARHOLD_SECRET_FILE names, says, if there is such a thing.
  std::string secret = {};
  std::string secret_file = {};
  /// If there is no job secret. FARHOLD_ADMIT=anyone in the environment says the same as `anyone`.
  ofi::admit admit = admit::same_host;
  /// `provider`: the libfabric provider that reads, by how its name begins: "tcp", "verbs", "cxi". Opening
  /// fails if there is none. Empty: the best there is, or none if it would have to trust this whole host;
  /// "off": every object is sent by its producer.
  std::string provider = {};
  /// `same_host` = automatic, cma or off. `off`: objects of the same host come by libfabric too.
  farhold::same_host same_host = farhold::same_host::automatic;
  bool progress_thread = true;  ///< `progress` = on or off. off: serves only while it calls farhold
  farhold::validation validation = farhold::validation::automatic;  ///< automatic, fast or recheck
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);  ///< from evict to reuse of memory
  /// Puts something around the transport, such as faults (farhold/fault.hpp); for tests.
  std::function<std::unique_ptr<farhold::transport>(std::unique_ptr<farhold::transport>)> decorate = {};
};

/// A connector between processes that have never met, on any hosts that TCP connects, with reads by whatever
/// fabric libfabric has a provider for: a portable token says how to reach the process that made it.
///
/// Lifetime  `store::close`, or the destructor, ends what this process has put; nobody else is needed.
/// Threads   All of it.
/// Errors    `invalid_argument`: no such address; a secret that is too short; an address that others can
///           reach and neither a secret nor `admit::anyone`. `unsupported`: there is no such provider.
///           `permission`: a secret file that others may read. `out_of_memory`, if the host has less than
///           `arena_bytes`. `transport_failure`, with libfabric's code, or errno. Of reads: `permission`, if
///           the two processes do not have the same job secret; `producer_lost`, if nobody listens at the
///           token's address; `unreachable`, if no route leads there.
/// Progress  Processes of one host read each other's memory, and the producer does nothing. For all else it
///           has a thread that sleeps until it is called, where the provider can wait; else it polls.
std::unique_ptr<farhold::connector> connector(const options& how = {});

/// A provider of libfabric's that can do remote reads.
struct provider {
  std::string name;
  bool in_hardware = false;   ///< devices do the reads, and nothing of the process that is read
  bool used_unasked = false;  ///< it need not be named to be used
  bool untested = false;      ///< written for by the book: it has not been met
};

/// Those that this process has, best first. Asking takes about a tenth of a second, once.
std::vector<provider> providers();

}  // namespace farhold::ofi
