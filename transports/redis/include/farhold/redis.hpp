// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <farhold/connector.hpp>

namespace farhold::redis {

struct options {
  /// Where the server is: a name or address and a port, or the path of a unix socket.
  std::string host = {};
  std::uint16_t port = 6379;
  std::string unix_path = {};
  std::uint32_t database = 0;  ///< the number that SELECT takes

  /// Who we are. Without a password, the environment's FARHOLD_REDIS_USER and FARHOLD_REDIS_PASSWORD. Neither
  /// is in the URI that travels in proxies, nor in any message.
  std::string user = {};
  std::string password = {};

  bool tls = false;
  /// The certificates (PEM) that the server's is checked against; the system's if empty, which OpenSSL takes
  /// from SSL_CERT_FILE or SSL_CERT_DIR if these are set.
  std::string ca_file = {};

  /// Objects are gone after so long; 0: they stay until somebody evicts them.
  std::chrono::milliseconds time_to_live{0};
  /// Objects above this size are stored in pieces of it; from 64 KiB to 256 MiB, in whole KiB.
  std::uint64_t chunk_bytes = std::uint64_t{64} << 20U;
};

/// Objects in a Redis server (4.0 or later, or what speaks as one). They outlive their producers.
///
/// URI: "redis://[user:password@]host:port/database?ttl=60s&chunk=64MiB", "rediss://…&ca=/path" over TLS,
/// "unix:///path?db=0". A '%', '@', ':' or '/' of a user or password, and a '?', '%' or '#' of a path, is
/// written as %hh.
///
/// Errors  `invalid_argument`, `unreachable`, `permission` (password, certificate) when it is made. Later:
///         `stale` for an object that was evicted or whose time is over, `producer_lost` for one of a server
///         that lost its memory, or of another server, `out_of_memory` if the server is full, `unreachable`
///         if it was away until the call's deadline, `timeout` if it did not answer until then.
/// Progress  Nothing is needed of the producer. A call waits, within its time, for a server that restarts.
std::unique_ptr<farhold::connector> connector(const options& how);

}  // namespace farhold::redis
