// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "service.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <farhold/log.hpp>

namespace farhold::rma {

namespace {

// Cookies of messages that are no fragments; jobs count up from 1.
constexpr std::uint64_t request_cookie = 0;
constexpr std::uint64_t answer_cookie = ~std::uint64_t{0};

}  // namespace

void server::refuse() noexcept {
  count_refused();
  if (!refusal_logged_.exchange(true))
    farhold::detail::log("a request for what is no object was refused and counted, as all that follow");
}

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
  // Each job keeps a block, and a peer that asks and takes nothing would keep them all.
  if (jobs_.size() >= most_jobs) return reply(from, request.request, errc::out_of_memory);
  byte_view payload;
  if (const status s = objects_.pin(object, payload); !s.ok()) {
    if (s.code == errc::corrupt) refuse();
    return reply(from, request.request, s.code);
  }
  if (request.what == message::kind::exists || payload.empty()) {
    objects_.unpin(object);
    return reply(from, request.request, errc::ok);
  }
  const bool lent = objects_.lent(object);
  if (lent) objects_.unpin(object);
  try {
    const std::uint64_t cookie = ++last_cookie_;
    job& work = jobs_[cookie];
    work = {.to = from, .request = request.request, .object = object, .payload = payload, .lent = lent};
    if (lent)
      work.bounce.resize(std::min<std::uint64_t>(payload.size(), fragments_in_flight * fragment_bytes()));
    if (advance(cookie, work)) jobs_.erase(cookie);
  } catch (const std::bad_alloc&) {
    jobs_.erase(last_cookie_);
    if (!lent) objects_.unpin(object);
    reply(from, request.request, errc::out_of_memory);
  }
}

std::uint64_t server::fragment_bytes() const noexcept {
  return fabric_.max_message_bytes() - message::fragment_head_bytes;
}

byte_view server::next_piece(job& work) noexcept {
  const std::uint64_t left = work.payload.size() - work.sent;
  const std::uint64_t size_bytes = std::min(fragment_bytes(), left);
  if (!work.lent) return work.payload.subspan(work.sent, size_bytes);
  const std::uint64_t at = static_cast<std::uint64_t>(work.in_flight) * fragment_bytes();
  if (work.in_flight == 0) {
    // All fragments of a round at once, while the owner is kept waiting.
    byte_view payload;
    if (const status s = objects_.pin(work.object, payload); !s.ok()) {
      work.failed = s.code;
      return {};
    }
    std::memcpy(work.bounce.data(), payload.data() + work.sent,
                std::min<std::uint64_t>(work.bounce.size(), left));
    objects_.unpin(work.object);
  }
  return byte_view(work.bounce).subspan(at, size_bytes);
}

bool server::advance(std::uint64_t cookie, job& work) noexcept {
  // Which of several fragments is out is not told, so that a bounce buffer is free when all are.
  if (work.lent && work.in_flight > 0) return false;
  while (work.failed == errc::ok && work.in_flight < fragments_in_flight && work.sent < work.payload.size()) {
    const byte_view piece = next_piece(work);
    if (work.failed != errc::ok) break;
    const status s =
        fabric_.send(work.to, message::encode_fragment_head(work.request, work.sent), piece, cookie);
    if (s.code == errc::out_of_memory && (work.in_flight > 0 || stall(cookie))) return false;
    if (!s.ok()) {
      work.failed = errc::transport_failure;
      break;
    }
    ++work.in_flight;
    work.sent += piece.size();
    bytes_.fetch_add(piece.size(), std::memory_order_relaxed);
  }
  if (work.in_flight > 0) return false;
  if (work.failed != errc::ok) reply(work.to, work.request, work.failed);
  if (!work.lent) objects_.unpin(work.object);
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
    if (!outcome.ok()) at->second.failed = errc::transport_failure;
    if (advance(cookie, at->second)) jobs_.erase(at);
  }
  resume_stalled();
}

void server::collect(metrics& m) const noexcept {
  m.service_requests += requests_.load(std::memory_order_relaxed);
  m.service_bytes += bytes_.load(std::memory_order_relaxed);
  m.refused_requests += refused_.load(std::memory_order_relaxed);
}

status client::begin(request& question) noexcept try {
  question.sent = false;
  question.again = false;
  question.landed = 0;
  question.code = errc::ok;
  question.where = "ask the producer";
  question.done.store(false, std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  question.number = ++last_request_;
  waiting_.emplace(question.number, &question);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember a request"};
}

bool client::over(request& question, status& outcome) noexcept {
  if (!question.sent) {
    const auto bytes = message::encode_request(question.what, question.number, question.object);
    const std::scoped_lock lock(mutex_);  // with which on_peer_lost looks at `sent`
    const status s = fabric_.send(question.whom, bytes, {}, request_cookie);
    if (s.code == errc::out_of_memory) return false;
    if (!s.ok()) {
      outcome = s;
      return true;
    }
    question.sent = true;
  }
  if (!question.done.load(std::memory_order_acquire)) return false;
  outcome = {question.code, 0, question.where};
  return true;
}

void client::end(request& question) noexcept {
  // Whoever is writing into the landing memory holds the mutex.
  const std::scoped_lock lock(mutex_);
  waiting_.erase(question.number);
}

void client::on_peer_lost(peer_id peer, const status& why) noexcept {
  const std::scoped_lock lock(mutex_);
  for (const auto& [number, question] : waiting_) {
    if (question->whom != peer || !question->sent || question->done.load(std::memory_order_relaxed)) continue;
    if (question->what != message::kind::evict && !std::exchange(question->again, true)) {
      question->landed = 0;
      question->sent = false;
      continue;
    }
    question->code = why.code;
    question->where = why.where;
    question->done.store(true, std::memory_order_release);
  }
}

void client::on_reply(peer_id from, const message& reply) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = waiting_.find(reply.request);
  if (at == waiting_.end() || at->second->whom != from) return;  // too late, or not for us
  request& question = *at->second;
  if (question.done.load(std::memory_order_relaxed)) return;
  if (reply.what == message::kind::answer) {
    question.code = reply.code;
    if (reply.code == errc::ok && question.landed < question.memory.size()) question.code = errc::truncated;
    question.done.store(true, std::memory_order_release);
    return;
  }
  // Fragments between two peers keep their order, so that the next one continues where the last one ended.
  // All of a request show the same bytes: one that came before is the same again, if its request came twice.
  if (reply.offset < question.landed) return;
  if (reply.offset != question.landed || reply.payload.size() > question.memory.size() - question.landed) {
    question.code = errc::corrupt;
    question.done.store(true, std::memory_order_release);
    return;
  }
  if (!reply.payload.empty())
    std::memcpy(question.memory.data() + question.landed, reply.payload.data(), reply.payload.size());
  question.landed += reply.payload.size();
  if (question.landed == question.memory.size()) question.done.store(true, std::memory_order_release);
}

}  // namespace farhold::rma
