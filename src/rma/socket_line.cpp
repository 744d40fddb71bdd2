// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "socket_line.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../detail/descriptor.hpp"
#include "../detail/fork.hpp"

namespace farhold::rma {

namespace {

constexpr status line_ended{errc::producer_lost, 0,
                            "hear from the producer: it has ended or closed its store"};

void set(int fd, int level, int option, int value) noexcept {
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
}

/// The kernel asks after hosts that say nothing, and hears nothing, for 25 s. It is not told to give up what
/// was sent and not taken: a process that is stopped takes nothing either.
void configure(int fd) noexcept {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

status from_errno(int code, const char* where) noexcept {
  switch (code) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE: return {errc::producer_lost, code, where};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ETIMEDOUT: return {errc::unreachable, code, where};
    case EACCES:
    case EPERM: return {errc::permission, code, where};
    default: return {errc::transport_failure, code, where};
  }
}

/// Where nobody listens the kernel may give a caller the very port it calls.
bool is_connected_to_itself(int fd) noexcept {
  sockaddr_in here{}, there{};
  socklen_t bytes = sizeof here;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &bytes) != 0) return false;
  bytes = sizeof there;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &bytes) != 0) return false;
  return net_address::from_sockaddr(here) == net_address::from_sockaddr(there);
}

bool is_later(int code) noexcept {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR || code == ENOBUFS || code == ENOMEM;
}

}  // namespace

packet_queue::place& packet_queue::of(packet& p) noexcept {
  return *std::launder(reinterpret_cast<place*>(p.state.data()));
}

void packet_queue::push(packet& p, const status& outcome) noexcept {
  new (p.state.data()) place{nullptr, 0, outcome};
  if (first_ == nullptr) {
    first_ = &p;
  } else {
    of(*last_).next = &p;
  }
  last_ = &p;
}

packet& packet_queue::pop() noexcept {
  packet& p = *first_;
  first_ = of(p).next;
  return p;
}

socket_line::socket_line(int fd, link_number number) : fd_(fd), number_(number) {
  // Pages of it that nothing is received into cost nothing.
  arrived_ = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes);
  detail::close_in_children(fd_);
  configure(fd_);
}

socket_line::~socket_line() {
  detail::forget_in_children(fd_);
  ::close(fd_);
}

status socket_line::call(const net_address& where, link_number number, std::unique_ptr<socket_line>& out) {
  detail::descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made.valid()) return {errc::transport_failure, errno, "connect to the producer: open a socket"};
  out = std::make_unique<socket_line>(made.get(), number);
  made.release();
  out->connecting_ = true;
  const sockaddr_in to = where.to_sockaddr();
  if (::connect(out->fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS)
    return {};
  return from_errno(errno, "connect to the producer");
}

void socket_line::turn_away(int fd) noexcept {
  constexpr std::uint32_t no_room = 0;
  static_cast<void>(::send(fd, &no_room, sizeof no_room, MSG_DONTWAIT | MSG_NOSIGNAL));
  ::close(fd);
}

void socket_line::post(packet& p, packet_queue& finished) noexcept {
  const bool first = to_send_.empty();
  to_send_.push(p);
  if (first) send(finished);
}

void socket_line::send(packet_queue& finished) noexcept {
  while (!connecting_ && !to_send_.empty() && send_some(to_send_.front())) finished.push(to_send_.pop());
}

/// Whether the kernel has all of it.
bool socket_line::send_some(packet& p) noexcept {
  const byte_view front = p.front_view();
  const std::uint32_t length = static_cast<std::uint32_t>(p.head.size() + front.size() + p.payload.size());
  const std::array<byte_view, 4> all{std::as_bytes(std::span(&length, 1)), p.head, front, p.payload};
  std::size_t& sent = packet_queue::of(p).sent_bytes;
  for (;;) {
    std::array<iovec, all.size()> parts{};
    std::size_t count = 0, skip = sent;
    for (const byte_view one : all) {
      const std::size_t done = std::min(skip, one.size());
      skip -= done;
      if (done < one.size()) parts[count++] = {const_cast<std::byte*>(one.data()) + done, one.size() - done};
    }
    if (count == 0) return true;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t taken = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0) {
      // Why it has ended is told by what is received last.
      if (!is_later(errno)) static_cast<void>(::shutdown(fd_, SHUT_WR));
      return false;
    }
    sent += static_cast<std::size_t>(taken);
  }
}

bool socket_line::has_come_up(status& why) noexcept {
  if (!connecting_) return true;
  int code = 0;
  socklen_t bytes = sizeof code;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &bytes) != 0) code = errno;
  if (code == 0 && is_connected_to_itself(fd_)) code = ECONNREFUSED;
  if (code != 0) broken_ = from_errno(code, "connect to the producer");
  why = broken_;
  if (!why.ok()) return false;
  connecting_ = false;
  return true;
}

/// As much of a large packet as is missing, so that nothing of it need be moved later.
std::size_t socket_line::bytes_to_ask_for() const noexcept {
  std::size_t wanted = read_ahead_bytes;
  if (arrived_bytes_ >= length_bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, arrived_.get(), length_bytes);
    wanted = std::max(wanted, length_bytes + length);
  }
  return wanted - arrived_bytes_;
}

status socket_line::receive(wire_listener& to) noexcept {
  const ssize_t got = ::recv(fd_, arrived_.get() + arrived_bytes_, bytes_to_ask_for(), MSG_DONTWAIT);
  if (got == 0) return line_ended;
  if (got < 0) return is_later(errno) ? status{} : from_errno(errno, "hear from the producer");
  arrived_bytes_ += static_cast<std::size_t>(got);
  return take_packets(to);
}

status socket_line::take_packets(wire_listener& to) noexcept {
  std::size_t at = 0;
  while (arrived_bytes_ - at >= length_bytes) {
    std::uint32_t length = 0;
    std::memcpy(&length, arrived_.get() + at, length_bytes);
    if (length == 0) return {errc::unreachable, 0, "connect to the producer: it has too many connections"};
    if (length < control_frame::head_bytes || length > max_packet_bytes) {
      to.on_nonsense();
      return {errc::corrupt, 0, "hear from the producer: what it says is no message"};
    }
    if (arrived_bytes_ - at - length_bytes < length) break;
    const byte_view all(arrived_.get() + at + length_bytes, length);
    at += length_bytes + length;
    to.on_packet(number_, all.first(control_frame::head_bytes), all.subspan(control_frame::head_bytes));
  }
  arrived_bytes_ -= at;
  if (at > 0 && arrived_bytes_ > 0) std::memmove(arrived_.get(), arrived_.get() + at, arrived_bytes_);
  return {};
}

void socket_line::hang_up(bool flush, packet_queue& finished) noexcept {
  if (flush) send(finished);
  while (!to_send_.empty())
    finished.push(to_send_.pop(), {errc::unreachable, 0, "send: the connection has ended"});
  if (!flush) return;
  // A socket that is closed with something unread takes back what was sent last.
  static_cast<void>(::shutdown(fd_, SHUT_WR));
  while (::recv(fd_, arrived_.get(), buffer_bytes, MSG_DONTWAIT) > 0) {
  }
}

}  // namespace farhold::rma
