// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "socket.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <sys/un.h>
#include <unistd.h>

#include "detail/fork.hpp"

namespace farhold::shm::detail {

namespace {

// Connections that wait to be let in, while their producer is stopped, say.
constexpr int backlog = 128;
/// As much as the host allows (net.core.wmem_max), so that a few fragments are under way at a time.
constexpr int send_buffer_bytes = 4 << 20;

struct name {
  sockaddr_un address{};
  socklen_t bytes = 0;
};

name name_of(std::uint64_t incarnation) noexcept {
  name made;
  made.address.sun_family = AF_UNIX;
  // The first byte is 0: abstract, unix(7).
  const int length = std::snprintf(made.address.sun_path + 1, sizeof made.address.sun_path - 1,
                                   "farhold-%016llx", static_cast<unsigned long long>(incarnation));
  made.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<std::size_t>(length));
  return made;
}

int new_socket() noexcept { return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

}  // namespace

socket::socket(int fd) noexcept : fd_(fd) { farhold::detail::close_in_children(fd_); }

socket::~socket() {
  if (fd_ < 0) return;
  farhold::detail::forget_in_children(fd_);
  ::close(fd_);
}

status socket::listen(std::uint64_t incarnation, socket& out) noexcept {
  out = socket(new_socket());
  const name mine = name_of(incarnation);
  if (!out.is_open()) return {errc::transport_failure, errno, "open a socket"};
  if (::bind(out.fd_, reinterpret_cast<const sockaddr*>(&mine.address), mine.bytes) != 0 ||
      ::listen(out.fd_, backlog) != 0) {
    return {errc::transport_failure, errno, "listen at a socket"};
  }
  return {};
}

status socket::connect(std::uint64_t incarnation, socket& out) noexcept {
  socket made(new_socket());
  if (!made.is_open()) return {errc::transport_failure, errno, "open a socket"};
  static_cast<void>(
      ::setsockopt(made.fd_, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes));
  const name theirs = name_of(incarnation);
  if (::connect(made.fd_, reinterpret_cast<const sockaddr*>(&theirs.address), theirs.bytes) != 0) {
    switch (errno) {
      case EAGAIN: return {errc::out_of_memory, errno, "connect to the producer: too many do"};
      case EACCES:
      case EPERM: return {errc::permission, errno, "connect to the producer"};
      case ECONNREFUSED:
        return {
            errc::producer_lost, errno,
            "connect to the producer: it has ended or closed its store, or is in another network namespace"};
      default: return {errc::transport_failure, errno, "connect to the producer"};
    }
  }
  if (!is_own_user(made.peer())) {
    return {errc::permission, 0, "connect to the producer: it belongs to another user"};
  }
  out = std::move(made);
  return {};
}

socket::result socket::accept(socket& out) const noexcept {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? result::broken : result::later;
  out = socket(fd);
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes));
  return result::done;
}

ucred socket::peer() const noexcept {
  ucred who{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t bytes = sizeof who;
  static_cast<void>(::getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &who, &bytes));
  return who;
}

socket::result socket::send(std::span<const iovec> parts) const noexcept {
  msghdr packet{};
  packet.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg does not write there
  packet.msg_iovlen = parts.size();
  if (::sendmsg(fd_, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return result::done;
  const bool full =
      errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS || errno == ENOMEM;
  return full ? result::later : result::broken;
}

socket::result socket::receive(byte_span buffer, std::size_t& bytes) const noexcept {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got > 0) {
      bytes = static_cast<std::size_t>(got);
      return result::done;
    }
    if (got == 0) return result::broken;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return result::later;
    // An end that left something of ours unread is told once, before what it had sent.
    if (errno != ECONNRESET) return result::broken;
  }
  return result::broken;
}

void socket::hang_up() const noexcept { static_cast<void>(::shutdown(fd_, SHUT_RDWR)); }

bool is_own_user(const ucred& who) noexcept {
  if (who.uid != ::geteuid()) return false;
  constexpr uid_t overflow = 65'534;
  if (who.uid != overflow) return true;
  std::FILE* const map = std::fopen("/proc/self/uid_map", "re");
  if (map == nullptr) return false;
  unsigned long inside = 0, outside = 0, count = 0;
  bool named = false;
  while (!named && std::fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3)
    named = overflow >= inside && overflow - inside < count;
  std::fclose(map);
  return named;
}

}  // namespace farhold::shm::detail
