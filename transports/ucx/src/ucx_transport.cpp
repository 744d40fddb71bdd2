// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "ucx_transport.hpp"

#include <cerrno>
#include <new>

#include <sys/epoll.h>
#include <unistd.h>

#include "rma/peers.hpp"
#include "rma/segment.hpp"

namespace farhold::ucx::detail {

status ucx_transport::open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
                           std::chrono::nanoseconds) noexcept try {
  // The promise for producers that are known and not connected; 32 bytes for an address that is longer than a
  // string keeps in itself.
  static_assert(rma::control_channel::bytes_per_peer() + 32 + rma::bytes_per_introduced_peer <= 256);
  if (!outcome.ok()) return outcome;
  memory_ = memory;
  if (const status s = wire_.open(address_); !s.ok()) return s;
  if (const status s = open_hardware(memory); !s.ok()) return s;
  channel_.greet_with({hardware_.told_to_others(),
                       [](void* self, peer_id from, byte_view offer) noexcept {
                         static_cast<ucx_transport*>(self)->hardware_.accept(from, offer);
                       },
                       this});
  return channel_.open(listener, address_.to_string(), card, secret_);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: remember the address"};
}

ucx_transport::~ucx_transport() {
  if (events_ >= 0) ::close(events_);
}

status ucx_transport::open_hardware(byte_span memory) noexcept {
  if (const status s = hardware_.open(memory, use_); !s.ok() || !hardware_.is_up()) return s;
  events_ = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {wire_.event_fd(), hardware_.event_fd()}) {
    epoll_event wanted{EPOLLIN, {.fd = fd}};
    if (events_ < 0 || ::epoll_ctl(events_, EPOLL_CTL_ADD, fd, &wanted) != 0)
      return {errc::transport_failure, errno, "wait for two UCX workers"};
  }
  hardware_.accept(
      0,
      hardware_.told_to_others());  // with same_host=off this process reads its own objects like all others
  return {};
}

std::string ucx_transport::remarks() const {
  return hardware_.is_up() ? std::string() : "UCX reads by messages only: " + hardware_.why_not();
}

status ucx_transport::close(std::chrono::nanoseconds timeout) noexcept {
  // Those who have mapped the arena see by this that its objects have ended.
  rma::store_shared(reinterpret_cast<rma::segment_header*>(memory_.data())->incarnation, std::uint64_t{0});
  if (!channel_.close(timeout)) return {errc::timeout, 0, "close: a thread is still receiving"};
  hardware_.close();
  wire_.close();
  channel_.forget_packets();
  return {};
}

status ucx_transport::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  if (head.size() + payload.size() > max_message_bytes())
    return {errc::invalid_argument, 0, "send: the message is larger than max_message_bytes"};
  return channel_.send(to, head, payload, cookie);
}

}  // namespace farhold::ucx::detail
