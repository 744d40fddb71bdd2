// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "ofi_transport.hpp"

#include <cerrno>
#include <new>

#include <sys/epoll.h>

#include "rma/peers.hpp"
#include "rma/segment.hpp"

namespace farhold::ofi::detail {

status ofi_transport::open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
                           std::chrono::nanoseconds) noexcept try {
  // The promise for producers that are known and not connected; 32 bytes for an address that is longer than a
  // string keeps in itself, and a pointer twice, since tables grow by doubling.
  static_assert(rma::control_channel::bytes_per_peer() + 32 + rma::bytes_per_introduced_peer +
                    2 * sizeof(void*) <=
                256);
  if (!outcome.ok()) return outcome;
  memory_ = memory;
  if (const status s = wire_.open(address_); !s.ok()) return s;
  if (const status s = open_reads(memory); !s.ok()) return s;
  if (const status s = watch(); !s.ok()) return s;
  channel_.greet_with({reads_.told_to_others(),
                       [](void* self, peer_id from, byte_view offer) noexcept {
                         static_cast<ofi_transport*>(self)->reads_.accept(from, offer);
                       },
                       this});
  return channel_.open(listener, address_.to_string(), card, secret_);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: remember the address"};
}

status ofi_transport::open_reads(byte_span memory) noexcept try {
  if (provider_ == "off") {
    reads_.leave_out("provider=off");
    return {};
  }
  // Who has the arena's key can read all of it: not for everybody on this host, unless it was asked for.
  if (!trusts_others_ && provider_.empty()) {
    reads_.leave_out("without a job secret a provider has to be named");
    return {};
  }
  return reads_.open(memory, provider_, address_);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: remember why there are no reads by libfabric"};
}

/// Has one descriptor for all there is to wait for. None, if the provider cannot wait.
status ofi_transport::watch() noexcept {
  if (!reads_.are_up()) {
    events_ = wire_.event_fd();
    return {};
  }
  if (reads_.event_fd() < 0) return {};
  both_ = farhold::detail::descriptor(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {wire_.event_fd(), reads_.event_fd()}) {
    epoll_event wanted{EPOLLIN, {.fd = fd}};
    if (!both_.valid() || ::epoll_ctl(both_.get(), EPOLL_CTL_ADD, fd, &wanted) != 0)
      return {errc::transport_failure, errno, "wait for messages and reads"};
  }
  events_ = both_.get();
  return {};
}

std::string ofi_transport::remarks() const {
  return reads_.are_up() ? std::string() : "libfabric is not used for reads: " + reads_.why_not();
}

status ofi_transport::close(std::chrono::nanoseconds timeout) noexcept {
  // Those who have mapped the arena see by this that its objects have ended.
  rma::store_shared(reinterpret_cast<rma::segment_header*>(memory_.data())->incarnation, std::uint64_t{0});
  if (!channel_.close(timeout)) return {errc::timeout, 0, "close: a thread is still receiving"};
  reads_.close();
  wire_.close();
  channel_.forget_packets();
  return {};
}

status ofi_transport::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  if (head.size() + payload.size() > max_message_bytes())
    return {errc::invalid_argument, 0, "send: the message is larger than max_message_bytes"};
  return channel_.send(to, head, payload, cookie);
}

}  // namespace farhold::ofi::detail
