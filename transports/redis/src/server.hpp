// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <farhold/redis.hpp>

namespace farhold::redis {

/// Where a server listens, and how to talk to it in secret. Looked up once, when the store is opened.
class server {
 public:
  /// Throws `invalid_argument` for options that make no sense, `unreachable` for a name nobody knows.
  explicit server(const options& how);

  struct address {
    sockaddr_storage where{};
    socklen_t size = 0;
  };
  /// In the order in which they should be tried; at least one.
  [[nodiscard]] const std::vector<address>& addresses() const noexcept { return addresses_; }
  /// A new TLS connection that checks the server's certificate; null if there is no memory.
  [[nodiscard]] SSL* new_tls() const noexcept;
  [[nodiscard]] bool uses_tls() const noexcept { return tls_ != nullptr; }

 private:
  void look_up(const options& how);
  void prepare_tls(const options& how);

  std::string host_;
  std::vector<address> addresses_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_{nullptr, SSL_CTX_free};
};

}  // namespace farhold::redis
