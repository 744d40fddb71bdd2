// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "service.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "waiting.hpp"

namespace farhold::rma {

namespace {

// Cookies of messages that are no fragments; jobs count up from 1.
constexpr std::uint64_t request_cookie = 0;
constexpr std::uint64_t answer_cookie = ~std::uint64_t{0};

}  // namespace

void server::reply(peer_id to, std::uint64_t request, errc code) noexcept try {
  const status s = fabric_.send(to, message::encode_answer(request, code), {}, answer_cookie);
  // Of any other failure the consumer's deadline tells it; there is nobody here to tell.
  if (s.code == errc::out_of_memory) postponed_.push_back({to, request, code});
} catch (const std::bad_alloc&) {
}

void server::answer(peer_id from, const message& request) noexcept {
  requests_.fetch_add(1, std::memory_order_relaxed);
  const ticket& object = request.object;
  const std::scoped_lock lock(mutex_);
  if (!objects_.in_bounds(object)) {
    refuse();
    return reply(from, request.request, errc::corrupt);
  }
  if (request.what == message::kind::evict) {
    const errc outcome = objects_.evict(object).code;
    if (outcome == errc::corrupt) refuse();
    fabric_.memory_changed();
    return reply(from, request.request, outcome);
  }
  byte_view payload;
  if (const status s = objects_.pin(object, payload); !s.ok()) {
    if (s.code == errc::corrupt) refuse();
    return reply(from, request.request, s.code);
  }
  if (request.what == message::kind::exists || payload.empty()) {
    objects_.unpin(object);
    return reply(from, request.request, errc::ok);
  }
  try {
    const std::uint64_t cookie = ++last_cookie_;
    job& work = jobs_[cookie];
    work = {.to = from, .request = request.request, .object = object, .payload = payload};
    if (advance(cookie, work)) jobs_.erase(cookie);
  } catch (const std::bad_alloc&) {
    objects_.unpin(object);
    reply(from, request.request, errc::out_of_memory);
  }
}

bool server::advance(std::uint64_t cookie, job& work) noexcept {
  const std::uint64_t room = fabric_.max_message_bytes() - message::fragment_head_bytes;
  while (!work.failed && work.in_flight < fragments_in_flight && work.sent < work.payload.size()) {
    const byte_view piece =
        work.payload.subspan(work.sent, std::min<std::uint64_t>(room, work.payload.size() - work.sent));
    const status s =
        fabric_.send(work.to, message::encode_fragment_head(work.request, work.sent), piece, cookie);
    if (s.code == errc::out_of_memory && (work.in_flight > 0 || stall(cookie))) return false;
    if (!s.ok()) {
      work.failed = true;
      break;
    }
    ++work.in_flight;
    work.sent += piece.size();
    bytes_.fetch_add(piece.size(), std::memory_order_relaxed);
  }
  if (work.in_flight > 0) return false;
  if (work.failed) reply(work.to, work.request, errc::transport_failure);
  objects_.unpin(work.object);
  return true;
}

/// Puts a job off until some message is out. False if that cannot be remembered.
bool server::stall(std::uint64_t cookie) noexcept try {
  stalled_.push_back(cookie);
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void server::resume_stalled() noexcept {
  // All are tried, since a peer that takes nothing any more must not hold up the others. What finds its peer
  // full still goes to the end of the queue.
  for (std::size_t waiting = postponed_.size(); waiting > 0; --waiting) {
    const postponed_answer next = postponed_.front();
    postponed_.pop_front();
    reply(next.to, next.request, next.code);
  }
  for (std::size_t waiting = stalled_.size(); waiting > 0; --waiting) {
    const std::uint64_t cookie = stalled_.front();
    stalled_.pop_front();
    const auto at = jobs_.find(cookie);
    if (advance(cookie, at->second)) jobs_.erase(at);
  }
}

void server::on_sent(std::uint64_t cookie, status outcome) noexcept {
  const std::scoped_lock lock(mutex_);
  if (const auto at = jobs_.find(cookie); at != jobs_.end()) {
    --at->second.in_flight;
    if (!outcome.ok()) at->second.failed = true;
    if (advance(cookie, at->second)) jobs_.erase(at);
  }
  resume_stalled();
}

void server::collect(metrics& m) const noexcept {
  m.service_requests += requests_.load(std::memory_order_relaxed);
  m.service_bytes += bytes_.load(std::memory_order_relaxed);
  m.refused_requests += refused_.load(std::memory_order_relaxed);
}

status client::read(peer_id from, const peer_memory& process, const ticket& object, landing& where,
                    const deadline& until) noexcept {
  std::byte* const to = where.prepare(object.length, 0);
  if (to == nullptr && object.length > 0) return {errc::out_of_memory, 0, "allocate landing memory"};
  pending request;
  request.from = from;
  request.memory = {to, object.length};
  return converse(message::kind::read, object, request, process, until);
}

status client::ask(peer_id whom, const peer_memory& process, message::kind what, const ticket& object,
                   const deadline& until) noexcept {
  pending request;
  request.from = whom;
  return converse(what, object, request, process, until);
}

status client::converse(message::kind what, const ticket& object, pending& request,
                        const peer_memory& process, const deadline& until) noexcept {
  const auto lost = [&] { return process.alive(clock{}.now()); };
  if (const status s = lost(); !s.ok()) return s;
  std::uint64_t number = 0;
  try {
    const std::scoped_lock lock(mutex_);
    number = ++last_request_;
    waiting_.emplace(number, &request);
  } catch (const std::bad_alloc&) {
    return {errc::out_of_memory, 0, "remember a request"};
  }
  status sent;
  const auto hopeless = [&] { return !lost().ok(); };
  // A fabric that is full takes the request a moment later.
  const bool taken = wait_for(
      fabric_, until,
      [&] {
        const auto bytes = message::encode_request(what, number, object);
        sent = fabric_.send(request.from, bytes, {}, request_cookie);
        return sent.code != errc::out_of_memory;
      },
      hopeless);
  const bool answered =
      sent.ok() &&
      wait_for(
          fabric_, until, [&] { return request.done.load(std::memory_order_acquire); }, hopeless);
  {
    // Whoever is writing into the landing memory holds the mutex: after this nobody will.
    const std::scoped_lock lock(mutex_);
    waiting_.erase(number);
  }
  if (taken && !sent.ok()) return sent;
  if (!answered && !request.done.load(std::memory_order_acquire)) {
    if (const status s = lost(); !s.ok()) return s;
    return {errc::timeout, 0,
            taken ? "wait for the producer's answer" : "wait for the fabric to take a request"};
  }
  return {request.code, 0, "ask the producer"};
}

void client::on_reply(peer_id from, const message& reply) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = waiting_.find(reply.request);
  if (at == waiting_.end() || at->second->from != from) return;  // too late, or not for us
  pending& request = *at->second;
  if (request.done.load(std::memory_order_relaxed)) return;
  if (reply.what == message::kind::answer) {
    request.code = reply.code;
    if (reply.code == errc::ok && request.landed < request.memory.size()) request.code = errc::truncated;
    request.done.store(true, std::memory_order_release);
    return;
  }
  // Fragments between two peers keep their order, so that the next one continues where the last one ended.
  if (reply.offset != request.landed || reply.payload.size() > request.memory.size() - request.landed) {
    request.code = errc::corrupt;
    request.done.store(true, std::memory_order_release);
    return;
  }
  if (!reply.payload.empty())
    std::memcpy(request.memory.data() + request.landed, reply.payload.data(), reply.payload.size());
  request.landed += reply.payload.size();
  if (request.landed == request.memory.size()) request.done.store(true, std::memory_order_release);
}

}  // namespace farhold::rma
