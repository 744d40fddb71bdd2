// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What the control channel does with packets that arrive.
#include <new>

#include "../detail/wire.hpp"
#include "control_channel.hpp"

namespace farhold::rma {

namespace {

using kind = control_frame::kind;
using state = control_link::state;

std::array<std::byte, 4> reason(errc code) noexcept {
  std::array<std::byte, 4> body{};
  wire::writer(body.data()).put(static_cast<std::int32_t>(code));
  return body;
}

}  // namespace

void control_channel::on_packet(link_number from, byte_view head, byte_view body) noexcept {
  control_frame f;
  if (!control_frame::decode(head, f)) return refuse("sent bytes that are no message");
  if (f.what == kind::hello) return on_hello(from, body);
  control_link* const l = find(f.to);
  if (l == nullptr || l->doomed) return;  // late, or none of ours
  l->last_used = clock::now();
  switch (f.what) {
    case kind::challenge: return on_challenge(*l, body);
    case kind::refusal: return on_refusal(*l, body);
    default: break;
  }
  // What is wrong here was put in by somebody else: the connection is not to suffer for it.
  const bool in_turn = l->keyed && f.number == l->heard + 1;
  if (f.what == kind::response && l->at == state::challenging && in_turn &&
      body.size() == sizeof(handshake::proof)) {
    return on_response(*l, body);
  }
  if (!in_turn || !control_frame::is_sealed(head, body, f, l->keys))
    return refuse("sent a message in another process's name");
  ++l->heard;
  if (f.what == kind::message && l->is_open()) return listener_->on_message(l->peer, body);
  if (f.what == kind::welcome && l->at == state::responding) return on_welcome(*l, body);
  if (f.what == kind::greeting && l->is_open() && l->outgoing()) return on_greeting(*l, body);
  refuse("sent a message out of turn");
}

void control_channel::on_hello(link_number from, byte_view body) noexcept {
  control_link* const l = find(from);
  if (l == nullptr || l->doomed) return;
  if (l->at != state::called || body.size() != control_frame::hello_bytes)
    return refuse("sent a message out of turn");
  wire::reader in(body);
  const auto wanted = in.take<std::uint64_t>();
  l->theirs = in.take<link_number>();
  static_cast<void>(in.take<std::uint32_t>());
  const auto of_caller = in.take<handshake::nonce>();
  if (wanted != incarnation_) {
    l->at = state::refused;
    return post(*l, kind::refusal, reason(errc::producer_lost));
  }
  l->nonce = handshake::draw();
  l->keys = handshake(secret_, handshake::role::producer, incarnation_, of_caller, l->nonce);
  l->keyed = true;
  l->at = state::challenging;
  std::array<std::byte, control_frame::challenge_bytes> answer{};
  wire::writer out(answer.data());
  out.put(l->number);
  out.put(std::uint32_t{0});
  out.put(l->nonce);
  post(*l, kind::challenge, answer);
}

void control_channel::on_challenge(control_link& over, byte_view body) noexcept {
  if (!over.outgoing() || over.at != state::calling || body.size() != control_frame::challenge_bytes)
    return refuse("sent a message out of turn");
  const auto who = known_.find(over.peer);
  if (!who) return;
  wire::reader in(body);
  over.theirs = in.take<link_number>();
  static_cast<void>(in.take<std::uint32_t>());
  const auto of_producer = in.take<handshake::nonce>();
  over.keys = handshake(secret_, handshake::role::caller, who->incarnation, over.nonce, of_producer);
  over.keyed = true;
  over.at = state::responding;
  post(over, kind::response, over.keys.mine());
}

void control_channel::on_response(control_link& over, byte_view body) noexcept {
  if (!over.keys.proves(wire::reader(body).take<handshake::proof>())) {
    over.at = state::refused;
    refuse("without the job secret asked for objects");
    return post(over, kind::refusal, reason(errc::permission));
  }
  ++over.heard;
  over.at = state::open;
  std::array<std::byte, control_frame::welcome_bytes> body_out{};
  wire::writer out(body_out.data());
  out.put(over.keys.mine());
  out.put(card_);
  post(over, kind::welcome, body_out);
  if (greeting_.heard != nullptr) post(over, kind::greeting, digest_, greeting_.mine);
  opened(over);
}

void control_channel::on_greeting(control_link& over, byte_view body) noexcept {
  wire::reader in(body);
  const auto digest = in.take<content_digest>();
  if (!in.ok() || in.rest().size() > longest_greeting || digest_of(in.rest()) != digest) {
    refuse("sent a greeting that was changed on its way");
  } else if (greeting_.heard != nullptr) {
    greeting_.heard(greeting_.context, over.peer, in.rest());
  }
  meet(over);
}

void control_channel::meet(control_link& over) noexcept {
  status s;
  try {
    s = known_.meet(over.peer, over.shown);
  } catch (const std::bad_alloc&) {
    s = {errc::out_of_memory, 0, "connect: remember a card"};
  }
  if (!s.ok()) doom(over, s);
}

void control_channel::on_welcome(control_link& over, byte_view body) noexcept {
  constexpr status nonsense{errc::corrupt, 0, "connect to the producer: what it says of itself is no card"};
  if (body.size() != control_frame::welcome_bytes) return doom(over, nonsense);
  wire::reader in(body);
  if (!over.keys.proves(in.take<handshake::proof>()))
    return doom(over, {errc::permission, 0, "connect to the producer: it does not know the job secret"});
  if (const status s = rma::card::decode(in.rest(), over.shown); !s.ok()) return doom(over, s);
  over.at = state::open;
  // Whoever waits for the card may read at once, and is to know by then what the fabric has to say.
  if (greeting_.heard == nullptr) meet(over);
  if (!over.doomed) opened(over);
}

void control_channel::on_refusal(control_link& over, byte_view body) noexcept {
  if (!over.outgoing() || over.is_open()) return refuse("sent a message out of turn");
  wire::reader in(body);
  const auto code = in.take<std::int32_t>();
  if (!in.ok() || !in.rest().empty() || code <= 0 ||
      code > static_cast<std::int32_t>(errc::transport_failure))
    return doom(over, {errc::corrupt, 0, "connect to the producer: what it says is no message"});
  doom(over, {static_cast<errc>(code), 0, "connect to the producer: it refuses"});
}

void control_channel::opened(control_link& now) noexcept {
  open_.fetch_add(1, std::memory_order_relaxed);
  std::vector<packet*> first;
  first.swap(now.waiting);
  for (packet* const p : first) {
    if (now.doomed) {
      on_out(*p, now.why);
    } else {
      post(now, *p, kind::message);
    }
  }
}

}  // namespace farhold::rma
