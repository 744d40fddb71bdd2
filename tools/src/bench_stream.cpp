// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "bench_stream.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <farhold/error.hpp>

namespace farhold::tools {

namespace {

using farhold::detail::descriptor;

constexpr timeval stream_patience{10, 0};

[[noreturn]] void refuse(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// No delays, and no waiting for ever.
void settle(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Of connect(2), too.
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &stream_patience, sizeof stream_patience);
}

bool send_all(int to, const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t sent = ::send(to, at, bytes, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int from, void* to, std::size_t bytes) {
  return ::recv(from, to, bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
}

class stream_source final : public bench::raw_source {
 public:
  explicit stream_source(descriptor connection) : connection_(std::move(connection)) {}

  void read(std::uint64_t offset, std::byte* to, std::uint64_t bytes) override {
    const std::array<std::uint64_t, 2> request{offset, bytes};
    if (!send_all(connection_.get(), request.data(), sizeof request) ||
        !receive_all(connection_.get(), to, bytes)) {
      throw error(errc::producer_lost, "the stream that farhold is compared with broke");
    }
  }

 private:
  descriptor connection_;
};

}  // namespace

stream_server::stream_server(byte_view memory, bool far) : memory_(memory) {
  listener_ = descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener_.valid()) refuse("a socket");
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(far ? INADDR_ANY : INADDR_LOOPBACK);
  socklen_t length = sizeof where;
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&where), length) != 0 ||
      ::listen(listener_.get(), 4) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&where), &length) != 0) {
    refuse("listen");
  }
  port_ = ntohs(where.sin_port);
  if (::getrandom(&secret_, sizeof secret_, 0) != static_cast<ssize_t>(sizeof secret_)) refuse("getrandom");
  serving_ = std::thread([this] { serve(); });
}

stream_server::~stream_server() {
  over_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept(2)
  if (const int open = connection_; open >= 0) ::shutdown(open, SHUT_RDWR);
  serving_.join();
}

void stream_server::serve() {
  while (!over_) {
    const descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    connection_ = connection.get();
    if (over_) return;  // who ends it looked before there was one
    settle(connection.get());
    answer(connection.get());
    connection_ = -1;
  }
}

/// One at a time: who measures beside others measures them, too.
void stream_server::answer(int connection) const {
  // A connection that says nothing would keep others away.
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &stream_patience, sizeof stream_patience);
  std::uint64_t said = 0;
  if (!receive_all(connection, &said, sizeof said) || said != secret_) return;
  constexpr timeval none{0, 0};  // between two samples anything may pass
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  std::array<std::uint64_t, 2> request{};
  while (receive_all(connection, request.data(), sizeof request)) {
    const auto [offset, bytes] = request;
    if (offset > memory_.size() || bytes > memory_.size() - offset ||
        !send_all(connection, memory_.data() + offset, bytes)) {
      return;
    }
  }
}

std::unique_ptr<bench::raw_source> raw_stream(const std::string& host, std::uint16_t port,
                                              std::uint64_t secret) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found)) {
    throw error(errc::unreachable, host + ": " + ::gai_strerror(problem));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  descriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.valid()) refuse("a socket");
  settle(connection.get());
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &stream_patience, sizeof stream_patience);
  if (::connect(connection.get(), all->ai_addr, all->ai_addrlen) != 0) refuse("connect");
  if (!send_all(connection.get(), &secret, sizeof secret)) refuse("send");
  return std::make_unique<stream_source>(std::move(connection));
}

}  // namespace farhold::tools
