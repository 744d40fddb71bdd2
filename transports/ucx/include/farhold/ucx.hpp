// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <farhold/admit.hpp>
#include <farhold/connector.hpp>
#include <farhold/rma.hpp>
#include <farhold/transport.hpp>

namespace farhold::ucx {

using farhold::admit;

/// Whether objects are read by InfiniBand-class devices (InfiniBand, RoCE), without their producer's help.
enum class hardware_use {
  automatic,  ///< where both processes have such a device, and both were admitted by a secret or
              ///< `admit::anyone`
  off,        ///< every object is sent by its producer
  require,    ///< whatever UCX_TLS says; opening fails without a device, and reads that cannot go so are
              ///< `unsupported`
};

/// How a store over UCX is made; in a URI, "ucx://?arena=1GiB&address=ib0", with the names given here. What
/// decides who is let in has no name there, because URIs travel in tokens, which may come from anybody.
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
  ucx::admit admit = admit::same_host;
  ucx::hardware_use hardware = ucx::hardware_use::automatic;  ///< `hardware` = automatic, off or require
  /// `same_host` = automatic, cma or off. `off`: objects of the same host come by UCX too.
  farhold::same_host same_host = farhold::same_host::automatic;
  bool progress_thread = true;  ///< `progress` = on or off. off: serves only while it calls farhold
  farhold::validation validation = farhold::validation::automatic;  ///< automatic, fast or recheck
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);  ///< from evict to reuse of memory
  /// Puts something around the transport, such as faults (farhold/fault.hpp); for tests.
  std::function<std::unique_ptr<farhold::transport>(std::unique_ptr<farhold::transport>)> decorate = {};
};

/// A connector between processes that have never met, on any hosts that UCX can connect: a portable token
/// says how to reach the process that made it.
///
/// Lifetime  `store::close`, or the destructor, ends what this process has put; nobody else is needed.
/// Threads   All of it.
/// Errors    `invalid_argument`: no such address; a secret that is too short; an address that others can
///           reach and neither a secret nor `admit::anyone`. `permission`: a secret file that others may
///           read. `out_of_memory`, if the host has less than `arena_bytes`. `transport_failure`, with UCX's
///           code. Of reads: `permission`, if the two processes do not have the same job secret;
///           `producer_lost`, if nobody listens at the token's address; `unreachable`, if no route leads
///           there.
/// Progress  Processes of one host read each other's memory, and the producer does nothing. For all else it
///           has a thread that sleeps until it is called.
std::unique_ptr<farhold::connector> connector(const options& how = {});

}  // namespace farhold::ucx
