// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <farhold/bytes.hpp>

#include "patience.hpp"
#include "server.hpp"

namespace farhold::redis {

/// Bytes to and from a server, within a time. After an error it can only be destroyed.
///
/// Threads  One at a time.
class stream {
 public:
  stream() = default;
  stream(stream&& other) noexcept : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}
  stream& operator=(stream&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(tls_, other.tls_);
    return *this;
  }
  ~stream();

  static status open(const server& to, const patience& caller, stream& out) noexcept;

  /// At least one byte, straight into `to`, which is not empty; and perhaps more into `then`, when it is
  /// full.
  status read_some(byte_span to, byte_span then, std::size_t& count, const patience& caller) noexcept;
  /// All of the pieces, which are used up.
  status write(std::span<iovec> pieces, const patience& caller) noexcept;
  /// Whether the server has hung up, or said something that nobody asked for.
  [[nodiscard]] bool disturbed() const noexcept;

 private:
  status connect(const server::address& to, const patience& caller) noexcept;
  status start_tls(const server& to, const patience& caller) noexcept;
  status await(short event, const char* step, const patience& caller) const noexcept;
  /// After a call of OpenSSL that returned `result`: waits for what it needs, or says what is wrong.
  status await_tls(int result, const char* step, const patience& caller) noexcept;

  int fd_ = -1;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_{nullptr, SSL_free};
};

}  // namespace farhold::redis
