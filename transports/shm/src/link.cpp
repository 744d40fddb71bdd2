// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "link.hpp"

#include <array>
#include <new>

#include <sys/epoll.h>

namespace farhold::shm::detail {

namespace {

constexpr status broken{errc::producer_lost, 0, "send to a process that has hung up"};

iovec part_of(byte_view bytes) noexcept { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

}  // namespace

socket::result link::try_send(byte_view front, byte_view more, byte_view payload) const noexcept {
  const std::array<iovec, 3> parts = {part_of(front), part_of(more), part_of(payload)};
  return line_.send(parts);
}

status link::send(byte_view frame) noexcept try {
  last_used = std::chrono::steady_clock::now();
  if (waiting_.empty()) {
    const socket::result now = try_send(frame, {}, {});
    if (now == socket::result::done) return {};
    if (now == socket::result::broken) return broken;
  }
  waiting_.push_back({{frame.begin(), frame.end()}, {}, std::nullopt});
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "send: remember a message"};
}

status link::send(byte_view head, byte_view payload, std::uint64_t cookie,
                  std::vector<sent_message>& sent) noexcept try {
  if (full()) return {errc::out_of_memory, 0, "send: too many messages are in flight"};
  last_used = std::chrono::steady_clock::now();
  const frame::head kind = frame::encode_head(frame::kind::message);
  sent.reserve(sent.size() + 1);
  if (waiting_.empty()) {
    const socket::result now = try_send(kind, head, payload);
    if (now == socket::result::broken) return broken;
    if (now == socket::result::done) {
      sent.push_back({cookie, {}});
      return {};
    }
  }
  packet later{{kind.begin(), kind.end()}, payload, cookie};
  later.front.insert(later.front.end(), head.begin(), head.end());
  waiting_.push_back(std::move(later));
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "send: remember a message"};
}

void link::flush(std::vector<sent_message>& sent) noexcept {
  while (!waiting_.empty()) {
    packet& next = waiting_.front();
    const socket::result now = try_send(next.front, {}, next.payload);
    if (now == socket::result::later) return;
    if (now == socket::result::broken) return abandon(broken, sent);
    if (next.cookie) sent.push_back({*next.cookie, {}});
    waiting_.pop_front();
  }
}

void link::abandon(const status& why, std::vector<sent_message>& sent) noexcept {
  for (const packet& p : waiting_) {
    if (p.cookie) sent.push_back({*p.cookie, why});
  }
  waiting_.clear();
}

std::uint32_t link::interest() const noexcept {
  const std::uint32_t in = outgoing_ || !full() ? EPOLLIN : 0U;
  const std::uint32_t out = waiting_.empty() ? 0U : EPOLLOUT;
  return in | out;
}

}  // namespace farhold::shm::detail
