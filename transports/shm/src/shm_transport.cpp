// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "shm_transport.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <new>
#include <utility>

#include "rma/peers.hpp"
#include "rma/segment_file.hpp"

namespace farhold::shm::detail {

status shm_transport::open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
                           std::chrono::nanoseconds) noexcept try {
  // The promise of DESIGN section 7 for producers that are known and not connected.
  static_assert(bytes_per_peer() + rma::bytes_per_introduced_peer <= 256);
  if (!outcome.ok()) return outcome;
  rma::card mine;
  if (const status s = rma::card::decode(card, mine); !s.ok()) return s;
  listener_ = &listener;
  memory_ = memory;
  address_ = {mine.pid, mine.fd, this_host()};
  auto shown = std::make_unique<card_bytes>();
  std::ranges::copy(card, shown->begin());
  std::ranges::copy(card, memory.subspan(rma::card::offset_in_segment).begin());
  acquaintances_.push_back({address_, errc::ok, mine.incarnation, std::move(shown)});
  return board_.open(mine.incarnation, card);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "open: remember the card"};
}

status shm_transport::close(std::chrono::nanoseconds timeout) noexcept {
  // Those who have mapped the arena see by this that its objects have ended.
  auto& incarnation =
      *reinterpret_cast<std::uint64_t*>(memory_.data() + offsetof(rma::segment_header, incarnation));
  std::atomic_ref<std::uint64_t>(incarnation).store(0, std::memory_order_seq_cst);
  if (!board_.close(*this, timeout)) return {errc::timeout, 0, "close: a thread is still receiving"};
  return {};
}

byte_view shm_transport::card(peer_id peer) const noexcept {
  const std::scoped_lock lock(mutex_);
  const acquaintance* const who = known(peer);
  return who != nullptr && who->card ? byte_view(*who->card) : byte_view();
}

status shm_transport::introduce(std::string_view text, std::uint64_t incarnation, peer_id& peer) noexcept
    try {
  const auto parsed = whereabouts::parse(text);
  if (!parsed) return {errc::corrupt, 0, "introduce: this is no address"};
  const std::scoped_lock lock(mutex_);
  peer = static_cast<peer_id>(acquaintances_.size());
  acquaintances_.push_back({*parsed, errc::ok, incarnation, nullptr});
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "introduce: remember a producer"};
}

std::string shm_transport::address_of(peer_id peer) const {
  const std::scoped_lock lock(mutex_);
  const acquaintance* const who = known(peer);
  return who != nullptr ? who->at.to_string() : std::string();
}

status shm_transport::meet(peer_id peer, bool& done) noexcept try {
  done = false;
  whereabouts at;
  std::uint64_t incarnation = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (known(peer) == nullptr) return {errc::invalid_argument, 0, "meet: no such peer"};
    acquaintance& who = acquaintances_[peer];
    done = who.card != nullptr;
    if (done) return {};
    if (const errc reason = std::exchange(who.refused, errc::ok); reason != errc::ok)
      return {reason, 0, "connect to the producer: it refuses"};
    at = who.at;
    incarnation = who.incarnation;
  }
  if (at.host != this_host()) {
    return {errc::unreachable, 0,
            "reach the producer: its token was made on another host, or before this one was started"};
  }
  if (board_.is_connected(peer)) return {};  // and will say who it is
  rma::card found;
  const status seen = rma::read_card(at.pid, at.fd, incarnation, found);
  if (seen.ok()) {
    const auto bytes = found.encode();
    auto shown = std::make_unique<card_bytes>(bytes);
    const std::scoped_lock lock(mutex_);
    acquaintance& who = acquaintances_[peer];
    if (!who.card) who.card = std::move(shown);
    done = true;
    return {};
  }
  const status called = board_.call(peer, incarnation);
  if (called.ok() || called.code == errc::out_of_memory) return {};
  // Nobody to ask: what was seen of it says more.
  return called.native == ECONNREFUSED && seen.code != errc::producer_lost ? seen : called;
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "meet: remember a card"};
}

void shm_transport::on_welcome(peer_id peer, byte_view bytes, pid_t pid) noexcept try {
  rma::card shown;
  if (!rma::card::decode(bytes, shown).ok()) return;
  // In another pid namespace it knows itself by another number than we do. 0: it cannot be seen from here,
  // and the number it has there is somebody else's here.
  shown.pid = pid;
  shown.pid_namespace = rma::process_namespaces().pid;
  auto kept = std::make_unique<card_bytes>(shown.encode());
  const std::scoped_lock lock(mutex_);
  if (known(peer) == nullptr) return;
  acquaintance& who = acquaintances_[peer];
  if (shown.incarnation != who.incarnation) {
    who.refused = errc::corrupt;
  } else if (!who.card) {
    who.card = std::move(kept);
  }
} catch (const std::bad_alloc&) {
  // It is asked again, until somebody's deadline.
}

void shm_transport::on_lost(peer_id peer, status why) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    if (known(peer) != nullptr && !acquaintances_[peer].card) acquaintances_[peer].refused = why.code;
  }
  listener_->on_peer_lost(peer, why);
}

status shm_transport::call(peer_id peer, const whereabouts& at, std::uint64_t incarnation) noexcept {
  const status called = board_.call(peer, incarnation);
  rma::card found;
  if (called.code != errc::producer_lost || !rma::read_card(at.pid, at.fd, incarnation, found).ok())
    return called;
  return {errc::unreachable, called.native,
          "connect to the producer: it lives, but its socket is out of reach, in another network namespace"};
}

status shm_transport::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  if (head.size() + payload.size() > max_message_bytes()) {
    return {errc::invalid_argument, 0, "send: the message is larger than max_message_bytes"};
  }
  if (to < switchboard::first_caller) {
    whereabouts at;
    std::uint64_t incarnation = 0;
    {
      const std::scoped_lock lock(mutex_);
      const acquaintance* const who = known(to);
      if (who == nullptr) return {errc::invalid_argument, 0, "send: no such peer"};
      at = who->at;
      incarnation = who->incarnation;
    }
    if (const status s = call(to, at, incarnation); !s.ok()) return s;
  }
  return board_.send(to, head, payload, cookie);
}

}  // namespace farhold::shm::detail
