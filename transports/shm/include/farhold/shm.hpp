// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <farhold/connector.hpp>
#include <farhold/rma.hpp>

namespace farhold::shm {

/// How a store over shared memory is made; in a URI, "shm://?arena=1GiB&grace=10ms", with the names given
/// here.
struct options {
  std::size_t arena_bytes = std::size_t{64} << 20U;  ///< `arena`: for objects of this process
  std::size_t arena_limit_bytes =
      0;  ///< `arena_limit`: further arenas are made up to this many bytes; 0: none
  /// `same_host` = automatic, cma or off. `off`: every object is sent by its producer.
  farhold::same_host same_host = farhold::same_host::automatic;
  bool progress_thread = true;  ///< `progress` = on or off. off: serves only while it calls farhold
  farhold::validation validation = farhold::validation::automatic;  ///< automatic, fast or recheck
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);  ///< from evict to reuse of memory
};

/// A connector between processes of one user on one host. They need not know each other, nor be started in
/// any order: a portable token says how to reach the process that made it.
///
/// Lifetime  `store::close`, or the destructor, ends what this process has put; nobody else is needed.
/// Threads   All of it.
/// Errors    `out_of_memory`, if the host has less than `arena_bytes`; `transport_failure`, with errno, if it
///           has no more descriptors. Of reads: `unreachable`, if a token comes from another host or out of
///           another network namespace; `permission`, if it is another user's.
/// Progress  Objects are read from mapped memory or by process_vm_readv, and their producer does nothing. For
///           all else it has a thread that sleeps until it is called.
std::unique_ptr<farhold::connector> connector(const options& how = {});

}  // namespace farhold::shm
