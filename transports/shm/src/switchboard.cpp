// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "switchboard.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <farhold/log.hpp>

#include "detail/fork.hpp"

namespace farhold::shm::detail {

namespace {

constexpr status hung_up{errc::producer_lost, 0, "hear from the producer: it has ended or closed its store"};
constexpr status nonsense{errc::corrupt, 0, "hear from the producer: what it says is no message"};
/// Of one connection at a time, so that the others get their turn.
constexpr int packets_per_turn = 32;
/// A connection that was not used for so long may be ended for another one's sake.
constexpr std::chrono::seconds long_idle{1};

}  // namespace

switchboard::~switchboard() {
  if (spare_ >= 0) ::close(spare_);
  if (epoll_ < 0) return;
  farhold::detail::forget_in_children(epoll_);
  ::close(epoll_);
}

status switchboard::open(std::uint64_t incarnation, byte_view card) noexcept try {
  if (card.size() != rma::card::encoded_bytes) return {errc::invalid_argument, 0, "open: this is no card"};
  incarnation_ = incarnation;
  const frame::head head = frame::encode_head(frame::kind::welcome);
  std::ranges::copy(card, std::ranges::copy(head, welcome_.begin()).out);
  buffer_.resize(frame::max_bytes);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (epoll_ < 0 || spare_ < 0) return {errc::transport_failure, errno, "open an event queue"};
  farhold::detail::close_in_children(epoll_);
  if (const status s = socket::listen(incarnation, listener_); !s.ok()) return s;
  epoll_event wanted{EPOLLIN, {.u64 = listener_key}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_.fd(), &wanted) != 0)
    return {errc::transport_failure, errno, "watch a socket"};
  closed_ = false;
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: allocate a buffer"};
}

bool switchboard::close(switchboard_listener& to, std::chrono::nanoseconds timeout) noexcept {
  const auto end = clock::now() + timeout;
  // Nobody progresses from now on.
  while (progressing_.exchange(true, std::memory_order_acquire)) {
    if (clock::now() >= end) return false;
    std::this_thread::yield();
  }
  std::unordered_map<peer_id, std::unique_ptr<link>> gone;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    gone.swap(links_);
    callers_ = 0;
    for (const auto& [peer, l] : gone)
      l->abandon({errc::closed, 0, "send: the store is being closed"}, sent_);
  }
  static_cast<void>(tell_sent(to));
  for (const auto& [peer, l] : gone) {
    static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_DEL, l->line().fd(), nullptr));
    l->line().hang_up();  // also where a child has inherited it
  }
  listener_ = socket();
  return true;
}

link* switchboard::find(peer_id who) const noexcept {
  const auto at = links_.find(who);
  return at != links_.end() ? at->second.get() : nullptr;
}

bool switchboard::is_connected(peer_id peer) const noexcept {
  const std::scoped_lock lock(mutex_);
  return find(peer) != nullptr;
}

bool switchboard::anything_to_tell() const noexcept {
  const std::scoped_lock lock(mutex_);
  return !sent_.empty();
}

link& switchboard::add(socket line, peer_id peer, bool outgoing) {
  auto made = std::make_unique<link>(std::move(line), peer, outgoing);
  link& added = *links_.emplace(peer, std::move(made)).first->second;
  added.watched = added.interest();
  epoll_event wanted{added.watched, {.u64 = peer}};
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_ADD, added.line().fd(), &wanted));
  if (!outgoing) ++callers_;
  return added;
}

void switchboard::watch(link& l) const noexcept {
  const std::uint32_t now = l.interest();
  if (now == l.watched) return;
  l.watched = now;
  epoll_event wanted{now, {.u64 = l.peer()}};
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_MOD, l.line().fd(), &wanted));
}

/// Whether there may be one more connection. If not, the one that was idle for longest is ended, so that
/// there is room soon; whoever it belongs to makes a new one when it must.
bool switchboard::make_room(bool outgoing) noexcept {
  const std::size_t calls = links_.size() - callers_;
  if (outgoing ? calls < max_calls : callers_ < max_callers) return true;
  const link* oldest = nullptr;
  for (const auto& [peer, l] : links_) {
    if (l->outgoing() == outgoing && (oldest == nullptr || l->last_used < oldest->last_used))
      oldest = l.get();
  }
  if (oldest != nullptr && clock::now() - oldest->last_used > long_idle) oldest->line().hang_up();
  return false;
}

void switchboard::refuse(link& l, errc reason) noexcept {
  static_cast<void>(l.send(frame::encode_refusal(reason)));
}

status switchboard::call(peer_id peer, std::uint64_t incarnation) noexcept try {
  const std::scoped_lock lock(mutex_);
  if (closed_) return {errc::closed, 0, "connect: the store is closed"};
  if (find(peer) != nullptr) return {};
  if (!make_room(true)) return {errc::out_of_memory, 0, "connect: too many connections are open"};
  socket line;
  if (const status s = socket::connect(incarnation, line); !s.ok()) return s;
  link& made = add(std::move(line), peer, true);
  const status s = made.send(frame::encode_hello(incarnation));
  watch(made);
  return s;
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "connect: remember the connection"};
}

status switchboard::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  const std::scoped_lock lock(mutex_);
  if (closed_) return {errc::closed, 0, "send: the store is closed"};
  link* const l = find(to);
  if (l == nullptr) return {errc::unreachable, 0, "send: the process has hung up"};
  const status s = l->send(head, payload, cookie, sent_);
  watch(*l);
  return s;
}

bool switchboard::progress(switchboard_listener& to) noexcept {
  // A listener may come here from inside its own call, and a second thread at any time: both get false.
  if (progressing_.exchange(true, std::memory_order_acquire)) return false;
  std::array<epoll_event, 32> ready;
  const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& e = ready[static_cast<std::size_t>(i)];
    if (e.data.u64 == listener_key) {
      let_in(to);
    } else {
      attend(static_cast<peer_id>(e.data.u64), e.events, to);
    }
  }
  const bool told = tell_sent(to);
  progressing_.store(false, std::memory_order_release);
  return count > 0 || told;
}

bool switchboard::tell_sent(switchboard_listener& to) noexcept {
  // Until nothing is left: what is told sends more, whoever progresses may not come again, and a message that
  // is out is no event that would wake the thread which would.
  for (bool any = false;; any = true) {
    std::vector<sent_message> told;
    {
      const std::scoped_lock lock(mutex_);
      told.swap(sent_);
    }
    if (told.empty()) return any;
    for (const sent_message& m : told) to.on_sent(m.cookie, m.outcome);
  }
}

void switchboard::let_in(switchboard_listener& to) noexcept {
  for (int i = 0; i < packets_per_turn; ++i) {
    socket line;
    const socket::result got = listener_.accept(line);
    if (got == socket::result::later) return;
    if (got == socket::result::broken) {
      // Left waiting, they would wake us for ever.
      ::close(spare_);
      static_cast<void>(listener_.accept(line));
      line = socket();
      spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
      return to.on_refused();
    }
    const ucred who = line.peer();
    if (is_own_user(who)) {
      admit(std::move(line));
      continue;
    }
    const auto farewell = frame::encode_refusal(errc::permission);
    const iovec part{const_cast<std::byte*>(farewell.data()), farewell.size()};
    static_cast<void>(line.send({&part, 1}));
    to.on_refused();
    if (std::exchange(stranger_logged_, true)) continue;
    farhold::detail::log("a process of user " + std::to_string(who.uid) +
                         " asked for objects of this user and was refused, as all of other users are");
  }
}

void switchboard::admit(socket line) noexcept try {
  const std::scoped_lock lock(mutex_);
  if (!make_room(false)) {
    const auto farewell = frame::encode_refusal(errc::unreachable);
    const iovec part{const_cast<std::byte*>(farewell.data()), farewell.size()};
    static_cast<void>(line.send({&part, 1}));
    return;
  }
  if (++last_caller_ == 0) last_caller_ = first_caller + 1;
  if (find(last_caller_) == nullptr) static_cast<void>(add(std::move(line), last_caller_, false));
} catch (const std::bad_alloc&) {
  // It sees that we hang up.
}

void switchboard::attend(peer_id who, std::uint32_t events, switchboard_listener& to) noexcept {
  link* l = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    l = find(who);
    if (l == nullptr) return;
    if ((events & EPOLLOUT) != 0) {
      l->flush(sent_);
      watch(*l);
    }
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
  // Only this thread removes links, so that it may look at one without the lock.
  for (int i = 0; i < packets_per_turn; ++i) {
    std::size_t bytes = 0;
    const socket::result got = l->line().receive(buffer_, bytes);
    if (got == socket::result::later) return;
    status why = hung_up;
    if (got == socket::result::done) {
      if (bytes <= buffer_.size() && handle(*l, byte_view(buffer_).first(bytes), to, why)) continue;
      if (bytes > buffer_.size()) why = nonsense;
      if (why.code == errc::corrupt) to.on_refused();
    }
    return drop(*l, why, to);
  }
}

/// False if the connection has to end, because of `why`.
bool switchboard::handle(link& from, byte_view packet, switchboard_listener& to, status& why) noexcept {
  why = nonsense;
  frame f;
  if (!frame::decode(packet, f)) return false;
  {
    const std::scoped_lock lock(mutex_);
    from.last_used = clock::now();
  }
  if (!from.outgoing()) return handle_caller(from, f, to);
  switch (f.what) {
    case frame::kind::hello: return false;
    case frame::kind::welcome:
      if (f.payload.size() != rma::card::encoded_bytes) return false;
      to.on_welcome(from.peer(), f.payload, from.line().peer().pid);
      return true;
    case frame::kind::refusal:
      why = {f.reason, 0,
             f.reason == errc::unreachable ? "connect to the producer: it has too many connections"
                                           : "connect to the producer: it refuses"};
      return false;
    case frame::kind::message: to.on_message(from.peer(), f.payload); return true;
  }
  return false;
}

bool switchboard::handle_caller(link& from, const frame& f, switchboard_listener& to) noexcept {
  if (f.what == frame::kind::message && from.admitted) {
    to.on_message(from.peer(), f.payload);
    const std::scoped_lock lock(mutex_);
    watch(from);
    return true;
  }
  const std::scoped_lock lock(mutex_);
  if (f.what == frame::kind::hello && !from.admitted && f.incarnation == incarnation_) {
    from.admitted = true;
    static_cast<void>(from.send(welcome_));
    watch(from);
    return true;
  }
  refuse(from, errc::corrupt);
  return false;
}

void switchboard::drop(link& gone, const status& why, switchboard_listener& to) noexcept {
  std::unique_ptr<link> dead;
  {
    const std::scoped_lock lock(mutex_);
    const auto at = links_.find(gone.peer());
    dead = std::move(at->second);
    links_.erase(at);
    if (!dead->outgoing()) --callers_;
    dead->abandon(why, sent_);
  }
  // A descriptor that a child has inherited would stay watched after it is closed here.
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_DEL, dead->line().fd(), nullptr));
  to.on_lost(dead->peer(), why);
}

}  // namespace farhold::shm::detail
