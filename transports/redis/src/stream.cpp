// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "errors.hpp"

namespace farhold::redis {

namespace {

constexpr const char* connecting = "connect to the server";
constexpr const char* writing = "send to the server";
constexpr const char* reading = "receive from the server";

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL, and a server that hangs up would end the process by
// SIGPIPE (BIO_s_socket(3)).

int bio_write(BIO* bio, const char* data, int size) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd, data, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* quiet_socket() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "farhold socket");
    if (made == nullptr) return made;
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

void drop(std::span<iovec>& pieces, std::size_t count) noexcept {
  while (!pieces.empty()) {
    iovec& first = pieces.front();
    const std::size_t here = std::min(count, first.iov_len);
    first.iov_base = static_cast<std::byte*>(first.iov_base) + here;
    first.iov_len -= here;
    count -= here;
    if (first.iov_len > 0) return;
    pieces = pieces.subspan(1);
  }
}

}  // namespace

stream::~stream() {
  tls_.reset();  // no farewell: it might have to wait, and after a fork it would end the parent's session
  if (fd_ >= 0) ::close(fd_);
}

status stream::open(const server& to, const patience& caller, stream& out) noexcept {
  status outcome;
  for (const server::address& at : to.addresses()) {
    stream made;
    outcome = made.connect(at, caller);
    if (outcome.ok() && to.uses_tls()) outcome = made.start_tls(to, caller);
    if (outcome.ok()) {
      out = std::move(made);
      return {};
    }
    if (outcome.code != errc::unreachable) break;
  }
  return outcome;
}

status stream::connect(const server::address& to, const patience& caller) noexcept {
  fd_ = ::socket(to.where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return failed("make a socket");
  if (to.where.ss_family != AF_UNIX) {
    const int on = 1;
    static_cast<void>(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    static_cast<void>(::setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  }
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to.where), to.size) == 0) return {};
  if (errno != EINPROGRESS) return failed(connecting);  // EAGAIN: the queue of a unix socket is full
  if (const status s = await(POLLOUT, connecting, caller); !s.ok()) return s;
  int problem = 0;
  socklen_t size = sizeof problem;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem == 0) return {};
  errno = problem;
  return failed(connecting);
}

status stream::start_tls(const server& to, const patience& caller) noexcept {
  tls_.reset(to.new_tls());
  BIO* const bio = quiet_socket() != nullptr ? BIO_new(quiet_socket()) : nullptr;
  if (tls_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return {errc::out_of_memory, 0, "begin TLS"};
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd_)));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(tls_.get());
    if (done == 1) return {};
    const status s = await_tls(done, "agree on TLS with the server", caller);
    if (!s.ok()) {
      return SSL_get_verify_result(tls_.get()) != X509_V_OK
                 ? status{errc::permission, 0,
                          "trust the server: its certificate is not signed by anybody known, "
                          "is of another host, or has expired"}
                 : s;
    }
  }
}

status stream::await(short event, const char* step, const patience& caller) const noexcept {
  for (;;) {
    if (const status s = caller.left(step); !s.ok()) return s;
    pollfd ready{fd_, event, 0};
    const int found = ::poll(&ready, 1, caller.nap_ms());
    if (found > 0) return {};
    if (found < 0 && errno != EINTR) return failed(step);
  }
}

status stream::await_tls(int result, const char* step, const patience& caller) noexcept {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ: return await(POLLIN, step, caller);
    case SSL_ERROR_WANT_WRITE: return await(POLLOUT, step, caller);
    case SSL_ERROR_ZERO_RETURN: return hung_up;
    case SSL_ERROR_SYSCALL: return errno != 0 ? failed(step) : hung_up;
    default: ERR_clear_error(); return {errc::unreachable, 0, "talk TLS with the server"};
  }
}

status stream::read_some(byte_span to, byte_span then, std::size_t& count, const patience& caller) noexcept {
  for (;;) {
    if (tls_ != nullptr) {
      ERR_clear_error();
      errno = 0;
      const int got =
          SSL_read(tls_.get(), to.data(), static_cast<int>(std::min<std::size_t>(to.size(), INT_MAX)));
      if (got > 0) {
        count = static_cast<std::size_t>(got);
        return {};
      }
      if (const status s = await_tls(got, reading, caller); !s.ok()) return s;
      continue;
    }
    std::array<iovec, 2> pieces{{{to.data(), to.size()}, {then.data(), then.size()}}};
    const ssize_t got = ::readv(fd_, pieces.data(), then.empty() ? 1 : 2);
    if (got > 0) {
      count = static_cast<std::size_t>(got);
      return {};
    }
    if (got == 0) return hung_up;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return failed(reading);
    if (const status s = await(POLLIN, reading, caller); !s.ok()) return s;
  }
}

status stream::write(std::span<iovec> pieces, const patience& caller) noexcept {
  drop(pieces, 0);
  while (!pieces.empty()) {
    if (tls_ != nullptr) {
      ERR_clear_error();
      errno = 0;
      const auto size = static_cast<int>(std::min<std::size_t>(pieces.front().iov_len, INT_MAX));
      const int sent = SSL_write(tls_.get(), pieces.front().iov_base, size);
      if (sent > 0) {
        drop(pieces, static_cast<std::size_t>(sent));
      } else if (const status s = await_tls(sent, writing, caller); !s.ok()) {
        return s;
      }
      continue;
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      drop(pieces, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (const status s = await(POLLOUT, writing, caller); !s.ok()) return s;
    } else if (errno != EINTR) {
      return failed(writing);
    }
  }
  return {};
}

bool stream::disturbed() const noexcept {
  pollfd ready{fd_, POLLIN, 0};
  return ::poll(&ready, 1, 0) != 0;
}

}  // namespace farhold::redis
