// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "socket_wire.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../detail/fork.hpp"

namespace farhold::rma {

namespace {

constexpr int backlog = 128;

int any_descriptor() noexcept { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

status socket_wire::open(net_address& where) noexcept {
  constexpr const char* listening = "listen at the store's address";
  events_ = detail::descriptor(::epoll_create1(EPOLL_CLOEXEC));
  spare_ = detail::descriptor(any_descriptor());
  listener_ = detail::descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!events_.valid() || !spare_.valid() || !listener_.valid())
    return {errc::transport_failure, errno, "open a socket"};
  detail::close_in_children(listener_.get());
  // A store that is opened again at its port need not wait for the kernel to forget the last one.
  const int yes = 1;
  static_cast<void>(::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
  const sockaddr_in wanted = where.to_sockaddr();
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) != 0 ||
      ::listen(listener_.get(), backlog) != 0) {
    return {errc::transport_failure, errno, listening};
  }
  sockaddr_in found{};
  socklen_t bytes = sizeof found;
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&found), &bytes) != 0 ||
      !watch(listener_.get(), listener_number, EPOLLIN, true)) {
    return {errc::transport_failure, errno, listening};
  }
  where.port = net_address::from_sockaddr(found).port;
  return {};
}

void socket_wire::close() noexcept {
  lines_.clear();
  if (listener_.valid()) detail::forget_in_children(listener_.get());
  static_cast<void>(listener_.close());
  static_cast<void>(spare_.close());
  static_cast<void>(events_.close());
}

bool socket_wire::watch(int fd, link_number number, std::uint32_t events, bool anew) const noexcept {
  epoll_event wanted{events, {.u32 = number}};
  return ::epoll_ctl(events_.get(), anew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &wanted) == 0;
}

void socket_wire::watch_room(socket_line& line) const noexcept {
  const bool waits = line.waits_for_room();
  if (line.room_is_watched == waits) return;
  if (watch(line.fd(), line.number(), EPOLLIN | (waits ? EPOLLOUT : 0U), false)) line.room_is_watched = waits;
}

status socket_wire::call(std::string_view address, link_number mine) noexcept try {
  const auto where = net_address::parse(address);
  if (!where) return {errc::corrupt, 0, "connect to the producer: this is no address"};
  std::unique_ptr<socket_line> line;
  if (const status s = socket_line::call(*where, mine, line); !s.ok()) return s;
  const int fd = line->fd();
  line->room_is_watched = true;
  lines_.emplace(mine, std::move(line));
  if (watch(fd, mine, EPOLLIN | EPOLLOUT, true)) return {};
  const int code = errno;
  lines_.erase(mine);
  return {errc::transport_failure, code, "connect to the producer: wait for the socket"};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "connect: remember the connection"};
}

status socket_wire::post(link_number over, packet& what) noexcept {
  const auto at = lines_.find(over);
  if (at == lines_.end()) return {errc::unreachable, 0, "send: the connection has ended"};
  at->second->post(what, finished_);
  watch_room(*at->second);
  return {};
}

void socket_wire::hang_up(link_number which, bool flush) noexcept {
  const auto at = lines_.find(which);
  if (at == lines_.end()) return;
  at->second->hang_up(flush, finished_);
  lines_.erase(at);
}

bool socket_wire::turn(wire_listener& to) noexcept {
  bool any = !finished_.empty();
  // What is posted meanwhile is told of in the next turn.
  for (packet_queue told = std::exchange(finished_, {}); !told.empty();) {
    packet& p = told.pop();
    to.on_out(p, packet_queue::of(p).outcome);
  }
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(events_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& e = events[static_cast<std::size_t>(i)];
    any = true;
    if (e.data.u32 == listener_number) {
      let_in(to);
    } else if (const auto at = lines_.find(e.data.u32); at != lines_.end()) {
      serve(*at->second, e.events, to);
    }
  }
  return any;
}

void socket_wire::serve(socket_line& line, std::uint32_t events, wire_listener& to) noexcept {
  status why;
  if (!line.has_come_up(why)) return to.on_broken(line.number(), why);
  if ((events & EPOLLOUT) != 0) {
    line.send(finished_);
    watch_room(line);
  }
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
  if (why = line.receive(to); !why.ok()) to.on_broken(line.number(), why);
}

/// The socket of somebody who has called; below 0 if there is nobody.
int socket_wire::next_caller() noexcept {
  constexpr int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int fd = ::accept4(listener_.get(), nullptr, nullptr, flags);
  if (fd >= 0 || (errno != EMFILE && errno != ENFILE)) return fd;
  // No descriptors are left. Who calls must not wait for ever, nor the listener be readable for ever.
  static_cast<void>(spare_.close());
  if (const int unwanted = ::accept4(listener_.get(), nullptr, nullptr, flags); unwanted >= 0)
    socket_line::turn_away(unwanted);
  spare_ = detail::descriptor(any_descriptor());
  return -1;
}

void socket_wire::let_in(wire_listener& to) noexcept {
  constexpr int most = 16;
  for (int i = 0; i < most; ++i) {
    const int fd = next_caller();
    if (fd < 0) return;
    const link_number number = to.on_call();
    if (number == 0) {
      socket_line::turn_away(fd);
      continue;
    }
    detail::descriptor owner(fd);
    try {
      auto line = std::make_unique<socket_line>(fd, number);
      owner.release();
      lines_.emplace(number, std::move(line));
      if (watch(fd, number, EPOLLIN, true)) continue;
    } catch (const std::bad_alloc&) {
    }
    to.on_broken(number, {errc::out_of_memory, 0, "let a caller in"});
  }
}

}  // namespace farhold::rma
