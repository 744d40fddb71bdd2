// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <farhold/bytes.hpp>
#include <farhold/connector.hpp>
#include <farhold/proxy.hpp>
#include <farhold/rma.hpp>
#include <farhold/transport.hpp>

namespace farhold::mpi {

/// How a store over MPI is made. The same on every rank, but for the sizes of arenas.
struct options {
  std::size_t arena_bytes = std::size_t{64} << 20U;  ///< for objects of this rank; what the window covers
  /// Up to which more arenas are made when that is full, all together. They are read by mapping and CMA, and
  /// from other hosts by the service. Not above `arena_bytes`: none are made.
  std::size_t arena_limit_bytes = 0;
  farhold::same_host same_host = farhold::same_host::automatic;
  bool window = true;           ///< false on any rank: no MPI window, all reads are served by messages
  bool progress_thread = true;  ///< false: this rank serves only while it calls farhold
  farhold::validation validation = farhold::validation::automatic;
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);  ///< from evict to reuse of memory
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);      ///< of making the connector
  /// Puts something around the transport, such as faults (farhold/fault.hpp); for tests.
  std::function<std::unique_ptr<farhold::transport>(std::unique_ptr<farhold::transport>)> decorate = {};
};

/// A connector between the ranks of `comm`, which is duplicated. Collective.
///
/// Lifetime  Close it (`store::close`) on all ranks before MPI_Finalize. A forgotten close is made up for by
///           MPI_Finalize, see transports/mpi/README.md.
/// Threads   MPI must have been initialized with MPI_THREAD_MULTIPLE.
/// Errors    The same on all ranks. `invalid_argument`: MPI is not initialized, or finalized; `unsupported`:
/// no
///           MPI_THREAD_MULTIPLE; `out_of_memory`; `timeout`: a rank did not come.
/// Progress  See `options::progress_thread`.
std::unique_ptr<farhold::connector> connector(MPI_Comm comm, const options& how = {});

namespace detail {

void send_token(byte_view token, int dest, int tag, MPI_Comm comm);
std::vector<std::byte> recv_token(int source, int tag, MPI_Comm comm);
bool is_root(int root, MPI_Comm comm);
/// Gives every rank root's token.
void bcast_token(std::vector<std::byte>& token, int root, MPI_Comm comm);
/// What root calls instead, when it has none: the other ranks' bcast_token throws.
void bcast_failure(int root, MPI_Comm comm);

}  // namespace detail

// Proxies as ordinary MPI messages of about 100 bytes (more only with an inline object), on the caller's
// communicator and under its error handler. They block as MPI_Send, MPI_Recv and MPI_Bcast do.
//
// Errors: `transport_failure` with MPI's text, if the error handler of `comm` returns at all; `corrupt` for a
// message that is no proxy (it is consumed); what proxy::to_bytes and from_bytes throw.

/// Sends `p`. Receive it with `recv`; it does not resolve.
template <class T>
void send(const proxy<T>& p, int dest, int tag, MPI_Comm comm) {
  detail::send_token(p.to_bytes(token_form::compact), dest, tag, comm);
}

/// Receives a proxy; MPI_ANY_SOURCE and MPI_ANY_TAG are allowed.
template <class T>
[[nodiscard]] proxy<T> recv(int source, int tag, MPI_Comm comm) {
  return proxy<T>::from_bytes(detail::recv_token(source, tag, comm));
}

/// Gives every rank the proxy of `root`; the others' `p` is ignored. Collective. If root's proxy cannot be
/// sent, root throws why and the others `invalid_argument`.
template <class T>
[[nodiscard]] proxy<T> bcast(proxy<T> p, int root, MPI_Comm comm) {
  std::vector<std::byte> token;
  const bool sender = detail::is_root(root, comm);
  if (sender) {
    try {
      token = p.to_bytes(token_form::compact);
    } catch (...) {
      detail::bcast_failure(root, comm);
      throw;
    }
  }
  detail::bcast_token(token, root, comm);
  return sender ? p : proxy<T>::from_bytes(token);
}

}  // namespace farhold::mpi
