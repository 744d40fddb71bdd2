// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "control_channel.hpp"

#include <algorithm>
#include <new>
#include <thread>

#include <farhold/log.hpp>

#include "../detail/wire.hpp"

namespace farhold::rma {

namespace {

using kind = control_frame::kind;
using state = control_link::state;

constexpr status hung_up{errc::producer_lost, 0, "hear from the producer: the connection has ended"};
constexpr status gone{errc::unreachable, 0, "send: the process has hung up"};
constexpr status too_slow{errc::timeout, 0, "connect to the producer: it does not answer"};
constexpr status ending{errc::closed, 0, "send: the store is being closed"};
constexpr status idle{errc::unreachable, 0, "hear from the producer: the connection gave way to another"};
constexpr status unproven{errc::permission, 0,
                          "connect to the producer: one of the two has no job secret, or another one"};

/// Of the kinds of packets that only somebody who knows the keys can make.
constexpr bool is_tagged(kind what) noexcept {
  return what == kind::response || what == kind::welcome || what == kind::greeting || what == kind::message;
}

}  // namespace

status control_channel::open(transport_listener& to, std::string address, byte_view shown,
                             job_secret secret) noexcept try {
  rma::card mine;
  if (const status s = rma::card::decode(shown, mine); !s.ok()) return s;
  listener_ = &to;
  secret_ = secret;
  incarnation_ = mine.incarnation;
  card_ = mine.encode();
  const peer_id self = known_.add(std::move(address), mine.incarnation);
  if (const status s = known_.meet(self, mine); !s.ok()) return s;
  const std::scoped_lock lock(mutex_);
  closed_ = false;
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: remember the card"};
}

void control_channel::greet_with(const greeting& words) {
  FARHOLD_EXPECTS(words.heard != nullptr && words.mine.size() <= longest_greeting);
  greeting_ = words;
  digest_ = digest_of(words.mine);
}

bool control_channel::close(std::chrono::nanoseconds timeout) noexcept {
  const auto end = clock::now() + timeout;
  // Nobody progresses from now on.
  while (progressing_.exchange(true, std::memory_order_acquire)) {
    if (clock::now() >= end) return false;
    std::this_thread::yield();
  }
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  static_cast<void>(heed_notes());  // answers that are due still go out
  static_cast<void>(wire_.turn(*this));
  for (const auto& [number, l] : links_) doom(*l, ending);
  static_cast<void>(bury());
  return true;
}

void control_channel::forget_packets() noexcept {
  for (const auto& p : packets_) {
    if (p->under_way) on_out(*p, ending);
  }
}

status control_channel::introduce(std::string_view address, std::uint64_t incarnation, peer_id& peer) noexcept
    try {
  if (!wire_.is_address(address)) return {errc::corrupt, 0, "introduce: this is no address"};
  peer = known_.add(std::string(address), incarnation);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "introduce: remember a producer"};
}

std::string control_channel::address_of(peer_id peer) const {
  const auto who = known_.find(peer);
  return who ? who->at : std::string();
}

status control_channel::meet(peer_id peer, bool& done) noexcept try {
  done = known_.has_card(peer);
  if (done) return {};
  if (const errc reason = known_.take_refusal(peer); reason != errc::ok) {
    switch (reason) {
      case errc::permission: return unproven;
      case errc::producer_lost:
        return {reason, 0,
                "connect to the producer: it has ended or closed its store; nobody is there, or another"};
      case errc::unreachable:
        return {reason, 0, "connect to the producer: no way leads there, or it has too many connections"};
      default: return {reason, 0, "connect to the producer"};
    }
  }
  const std::scoped_lock lock(mutex_);
  if (closed_) return {errc::closed, 0, "connect: the store is closed"};
  if (std::ranges::find(wanted_, peer) == wanted_.end()) wanted_.push_back(peer);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "meet: remember a wish"};
}

packet* control_channel::take_packet() {
  if (free_packets_.empty()) {
    free_packets_.reserve(packets_.size() + 1);
    packets_.push_back(std::make_unique<packet>());
    free_packets_.push_back(packets_.back().get());
  }
  packet* const p = free_packets_.back();
  free_packets_.pop_back();
  p->under_way = true;
  return p;
}

status control_channel::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept
    try {
  if (head.size() > packet::front_limit) return {errc::invalid_argument, 0, "send: the head is too long"};
  const std::scoped_lock lock(mutex_);
  if (closed_) return {errc::closed, 0, "send: the store is closed"};
  std::size_t& count = under_way_[to];
  if (count >= max_waiting) return {errc::out_of_memory, 0, "send: too many messages are in flight"};
  outbox_.reserve(outbox_.size() + 1);
  packet* const p = take_packet();
  std::ranges::copy(head, p->front.begin());
  p->front_bytes = static_cast<std::uint32_t>(head.size());
  p->payload = payload;
  p->to = to;
  p->cookie = cookie;
  p->wants_notice = true;
  outbox_.push_back(p);
  ++count;
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "send: remember a message"};
}

bool control_channel::progress() noexcept {
  // A listener may come here from inside its own call, and a second thread at any time: both get false.
  if (progressing_.exchange(true, std::memory_order_acquire)) return false;
  bool any = false;
  for (int round = 0; round < rounds_per_progress; ++round) {
    bool moved = heed_notes();
    moved = wire_.turn(*this) || moved;
    moved = bury() || moved;
    if (!moved) break;
    any = true;
  }
  progressing_.store(false, std::memory_order_release);
  return any;
}

bool control_channel::heed_notes() noexcept {
  taken_.swap(no_room_);
  no_room_.clear();
  const bool held = !taken_.empty();
  {
    const std::scoped_lock lock(mutex_);
    if (outbox_.empty() && wanted_.empty() && !held) return false;
    dialled_.swap(wanted_);
    if (held) {
      taken_.insert(taken_.end(), outbox_.begin(), outbox_.end());
      outbox_.clear();
    } else {
      taken_.swap(outbox_);
    }
  }
  const bool noted = !dialled_.empty() || !taken_.empty();
  for (const peer_id peer : dialled_) {
    control_link* made = nullptr;
    const status s = dial(peer, made);
    if (!s.ok() && s.code != errc::out_of_memory) known_.refuse(peer, s.code);
  }
  dialled_.clear();
  for (packet* const p : taken_) route(*p);
  taken_.clear();
  return noted && no_room_.empty();
}

void control_channel::route(packet& p) noexcept {
  control_link* over = link_to(p.to);
  if (over == nullptr || over->doomed) {
    if (p.to >= first_caller) return on_out(p, gone);
    const status s = dial(p.to, over);
    if (s.code == errc::out_of_memory) return no_room_.push_back(&p);
    if (!s.ok()) {
      on_out(p, s);
      return listener_->on_peer_lost(p.to, s);
    }
  }
  if (!over->is_open()) return over->waiting.push_back(&p);
  post(*over, p, kind::message);
}

control_link* control_channel::find(link_number number) noexcept {
  const auto at = links_.find(number);
  return at != links_.end() ? at->second.get() : nullptr;
}

control_link* control_channel::link_to(peer_id peer) noexcept {
  const auto at = by_peer_.find(peer);
  return at != by_peer_.end() ? at->second : nullptr;
}

/// `made` is the connection to `peer`, new or not. `out_of_memory`: there can be none now.
status control_channel::dial(peer_id peer, control_link*& made) noexcept try {
  made = link_to(peer);
  if (made != nullptr && made->doomed)
    return {errc::out_of_memory, 0, "connect: the last one is just ending"};
  if (made != nullptr) {
    if (!made->is_open() && clock::now() - made->began > patience) {
      doom(*made, too_slow);
      return {errc::out_of_memory, 0, "connect: the last one is just ending"};
    }
    return {};
  }
  const auto who = known_.find(peer);
  if (!who) return {errc::invalid_argument, 0, "send: no such peer"};
  if (!make_room(true)) return {errc::out_of_memory, 0, "connect: too many connections are open"};
  auto link = std::make_unique<control_link>(++last_link_, peer, true);
  made = link.get();
  by_peer_.emplace(peer, made);
  links_.emplace(made->number, std::move(link));
  const status s = wire_.call(who->at, made->number);
  if (!s.ok()) {
    links_.erase(made->number);
    by_peer_.erase(peer);
    made = nullptr;
    return s;
  }
  made->nonce = handshake::draw();
  std::array<std::byte, control_frame::hello_bytes> body{};
  wire::writer to(body.data());
  to.put(who->incarnation);
  to.put(made->number);
  to.put(std::uint32_t{0});
  to.put(made->nonce);
  post(*made, kind::hello, body);
  return {};
} catch (const std::bad_alloc&) {
  made = nullptr;
  return {errc::transport_failure, 0, "connect: remember the connection"};
}

/// Whether there may be one more connection. The one that was idle for longest gives way to it, and one that
/// has not got so far as to be open before that; whoever it belongs to makes a new one when it must.
bool control_channel::make_room(bool outgoing) noexcept {
  const std::size_t calls = links_.size() - callers_;
  if (outgoing ? calls < max_calls : callers_ < max_callers) return true;
  control_link* oldest = nullptr;
  for (const auto& [number, l] : links_) {
    if (l->outgoing() != outgoing || l->doomed) continue;
    const bool better = oldest == nullptr || (oldest->is_open() && !l->is_open()) ||
                        (oldest->is_open() == l->is_open() && l->last_used < oldest->last_used);
    if (better) oldest = l.get();
  }
  if (oldest == nullptr) return false;
  // A call of ours that is coming up has somebody waiting for it; one of theirs may be a stranger's.
  const bool gives_way = !outgoing && !oldest->is_open();
  if (!gives_way && clock::now() - oldest->last_used <= long_idle) return false;
  doom(*oldest, idle);
  return true;
}

void control_channel::post(control_link& over, packet& p, kind what) noexcept {
  const bool tagged = is_tagged(what);
  over.last_used = clock::now();
  p.head = control_frame::encode(what, over.theirs, tagged ? ++over.sent : 0, tagged ? &over.keys : nullptr,
                                 p.front_view(), p.payload);
  const status s = wire_.post(over.number, p);
  if (s.ok()) return;
  on_out(p, s);
  doom(over, hung_up);
}

void control_channel::post(control_link& over, kind what, byte_view body, byte_view payload) noexcept {
  packet* p = nullptr;
  try {
    const std::scoped_lock lock(mutex_);
    p = take_packet();
  } catch (const std::bad_alloc&) {
    return doom(over, {errc::out_of_memory, 0, "connect: remember a message"});
  }
  std::ranges::copy(body, p->front.begin());
  p->front_bytes = static_cast<std::uint32_t>(body.size());
  p->payload = payload;
  p->to = over.peer;
  p->wants_notice = false;
  post(over, *p, what);
}

void control_channel::on_out(packet& done, status outcome) noexcept {
  const bool tell = done.wants_notice;
  const std::uint64_t cookie = done.cookie;
  {
    const std::scoped_lock lock(mutex_);
    if (tell) {
      const auto at = under_way_.find(done.to);
      if (--at->second == 0 && done.to >= first_caller) under_way_.erase(at);
    }
    done.under_way = false;
    free_packets_.push_back(&done);
  }
  if (tell) listener_->on_sent(cookie, outcome);
}

link_number control_channel::on_call() noexcept try {
  if (!make_room(false)) return 0;
  if (++last_caller_ == 0) last_caller_ = first_caller + 1;
  auto link = std::make_unique<control_link>(++last_link_, last_caller_, false);
  const link_number number = link->number;
  by_peer_.emplace(link->peer, link.get());
  links_.emplace(number, std::move(link));
  ++callers_;
  return number;
} catch (const std::bad_alloc&) {
  return 0;
}

void control_channel::on_broken(link_number which, status why) noexcept {
  if (control_link* const l = find(which)) doom(*l, l->is_open() ? hung_up : why);
}

void control_channel::doom(control_link& dying, const status& why) noexcept {
  if (dying.doomed) return;
  dying.doomed = true;
  dying.why = why;
  try {
    doomed_.push_back(dying.number);
  } catch (const std::bad_alloc&) {
    dying.doomed = false;  // the next failure of it comes here again
  }
}

bool control_channel::bury() noexcept {
  const bool any = !doomed_.empty();
  while (!doomed_.empty()) {  // telling may doom more
    const auto at = links_.find(doomed_.back());
    doomed_.pop_back();
    const std::unique_ptr<control_link> dead = std::move(at->second);
    links_.erase(at);
    by_peer_.erase(dead->peer);
    if (!dead->outgoing()) --callers_;
    if (dead->is_open()) open_.fetch_sub(1, std::memory_order_relaxed);
    wire_.hang_up(dead->number, dead->why.code == errc::closed);
    if (dead->outgoing() && dead->why.code == errc::timeout) {
      // Whoever waits has a deadline of its own: until then it is tried anew.
      no_room_.insert(no_room_.end(), dead->waiting.begin(), dead->waiting.end());
      continue;
    }
    if (dead->outgoing()) known_.refuse(dead->peer, dead->why.code);
    for (packet* const p : dead->waiting) on_out(*p, dead->why);
    listener_->on_peer_lost(dead->peer, dead->why);
  }
  return any;
}

void control_channel::refuse(const char* what) noexcept {
  listener_->on_refused();
  if (std::exchange(refusal_logged_, true)) return;
  try {
    farhold::detail::log(std::string("somebody ") + what +
                         ", which was refused and counted, as all that follows of this kind");
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace farhold::rma
