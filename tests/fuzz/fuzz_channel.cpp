// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The control channel, to which the input says what the other ends of its connections do: strangers who send
// what they please, and acquaintances who go about it properly up to a point. It hears what was sealed with
// a connection's keys and nothing else, proves itself to whoever asks properly, and tells of each message
// once that it is out.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "detail/wire.hpp"
#include "rma/control_channel.hpp"
#include "steps.hpp"

namespace {

using namespace farhold;
using namespace farhold::rma;
using kind = control_frame::kind;
using bytes = std::vector<std::byte>;

constexpr std::uint64_t incarnation = 7, of_a_producer = 8;
constexpr peer_id producer_peer = 1;  // introduced next after the channel's own

card card_of(std::uint64_t whose) {
  card c;
  c.incarnation = whose;
  c.segment_bytes = 1U << 20U;
  c.pid = 100;
  c.fd = 5;
  return c;
}

template <std::size_t Size, class... Parts>
std::array<std::byte, Size> body_of(const Parts&... parts) {
  std::array<std::byte, Size> made{};
  wire::writer to(made.data());
  (to.put(parts), ...);
  return made;
}

/// The other end of a connection: somebody who knows the secret, which is none.
struct far_end {
  bool was_called = false;
  std::uint32_t number = 0;  ///< the channel's of the connection
  handshake::nonce theirs{};
  handshake keys;
  bool keyed = false;
  std::uint64_t sent = 0;
};

class far_ends final : public control_wire {
 public:
  explicit far_ends(fuzz::steps input) : input_(input) {}

  [[nodiscard]] bool over() const { return input_.empty(); }
  /// What the channel may hear just now.
  [[nodiscard]] const bytes* sealed() const { return sealed_ ? &body_ : nullptr; }
  control_channel* channel = nullptr;
  std::set<std::uint64_t> due;  // cookies

  [[nodiscard]] bool is_address(std::string_view text) const noexcept override { return !text.empty(); }
  status call(std::string_view, link_number mine) noexcept override {
    ends_[mine] = {.was_called = true, .number = mine};
    return {};
  }
  status post(link_number over, packet& what) noexcept override {
    const auto at = ends_.find(over);
    if (at == ends_.end()) return {errc::unreachable, 0, "post"};
    out_.push_back(&what);
    bytes body(what.front_view().begin(), what.front_view().end());
    body.insert(body.end(), what.payload.begin(), what.payload.end());
    control_frame head;
    if (!control_frame::decode(what.head, head)) std::abort();
    hear(at->second, head, body);
    return {};
  }
  void hang_up(link_number which, bool) noexcept override { ends_.erase(which); }
  bool turn(wire_listener& to) noexcept override {
    const auto told = std::exchange(out_, {});
    for (packet* const p : told) to.on_out(*p, {});
    if (over()) return !told.empty();
    step(to);
    return true;
  }

 private:
  /// What the channel says to this end.
  static void hear(far_end& at, const control_frame& head, const bytes& body) {
    wire::reader in(body);
    if (head.what == kind::hello) {
      static_cast<void>(in.take<std::array<std::byte, 16>>());
      at.theirs = in.take<handshake::nonce>();
    } else if (head.what == kind::challenge) {
      at.number = in.take<std::uint32_t>();
      static_cast<void>(in.take<std::uint32_t>());
      at.keys = handshake({}, handshake::role::caller, incarnation, {}, in.take<handshake::nonce>());
      at.keyed = true;
    } else if (at.keyed && (head.what == kind::welcome || head.what == kind::response)) {
      if (!at.keys.proves(in.take<handshake::proof>())) std::abort();
    }
  }

  void step(wire_listener& to) {
    switch (input_.byte() % 8) {
      case 0:
        if (const link_number made = to.on_call(); made != 0) ends_[made] = {.number = made};
        return;
      case 1: return say_anything(to);
      case 2: {
        const auto what = static_cast<kind>(1 + input_.byte() % 7);
        return say_sealed(to, what, input_.bytes());
      }
      case 3: return go_about_it_properly(to);
      case 4:
        if (far_end* const at = some_end()) to.on_broken(at->number, {errc::producer_lost, 0, "broken"});
        return;
      case 5: return to.on_nonsense();
      case 6: return talk();
      default: {
        const bytes words = input_.bytes();
        bytes body(sizeof(content_digest));
        const content_digest digest = digest_of(words);
        std::copy(digest.begin(), digest.end(), body.begin());
        body.insert(body.end(), words.begin(), words.end());
        return say_sealed(to, kind::greeting, body);
      }
    }
  }

  far_end* some_end() {
    if (ends_.empty()) return nullptr;
    auto at = ends_.begin();
    std::advance(at, input_.byte() % ends_.size());
    return &at->second;
  }
  void deliver(wire_listener& to, link_number from, const control_frame::head_span& head, bytes body,
               bool sealed) {
    body_ = std::move(body);
    sealed_ = sealed;
    to.on_packet(from, head, body_);
    sealed_ = false;
  }
  void say_anything(wire_listener& to) {
    const far_end* const at = some_end();
    const link_number from = at != nullptr ? at->number : 0;
    const auto what = static_cast<kind>(input_.byte());
    const std::uint32_t whom = what == kind::hello ? 0U : from;
    const std::uint64_t number = input_.byte();
    deliver(to, from, control_frame::encode(what, whom, number, nullptr, {}, {}), input_.bytes(), false);
  }
  void say_sealed(wire_listener& to, kind what, const bytes& body) {
    far_end* const at = some_end();
    if (at == nullptr || !at->keyed) return;
    const link_number from = at->number;
    deliver(to, from, control_frame::encode(what, from, ++at->sent, &at->keys, body, {}), body, true);
  }
  template <std::size_t Size>
  void say_properly(wire_listener& to, far_end& at, kind what, const std::array<std::byte, Size>& body) {
    const bool sealed = what == kind::response || what == kind::welcome;
    const std::uint32_t whom = what == kind::hello ? 0U : at.number;
    const auto head =
        control_frame::encode(what, whom, sealed ? ++at.sent : 0, sealed ? &at.keys : nullptr, body, {});
    deliver(to, at.number, head, bytes(body.begin(), body.end()), sealed);
  }
  /// The next thing that a process would do that has nothing else in mind.
  void go_about_it_properly(wire_listener& to) {
    far_end* const at = some_end();
    if (at == nullptr) return;
    const std::uint32_t own_number = 1;
    if (!at->was_called) {
      if (at->keyed) return say_properly(to, *at, kind::response, at->keys.mine());
      return say_properly(to, *at, kind::hello, body_of<control_frame::hello_bytes>(incarnation, own_number));
    }
    if (at->keyed) {
      const auto welcome =
          body_of<control_frame::welcome_bytes>(at->keys.mine(), card_of(of_a_producer).encode());
      return say_properly(to, *at, kind::welcome, welcome);
    }
    at->keys = handshake({}, handshake::role::producer, of_a_producer, at->theirs, {});
    at->keyed = true;
    say_properly(to, *at, kind::challenge, body_of<control_frame::challenge_bytes>(own_number));
  }
  /// Somebody in this process wants something of the producer.
  void talk() {
    bool done = false;
    static_cast<void>(channel->meet(producer_peer, done));
    const std::uint64_t cookie = ++last_cookie_;
    if (channel->send(producer_peer, input_.bytes(), {}, cookie).ok()) due.insert(cookie);
  }

  fuzz::steps input_;
  std::map<link_number, far_end> ends_;
  std::vector<packet*> out_;
  bytes body_;
  bool sealed_ = false;
  std::uint64_t last_cookie_ = 0;
};

class engine final : public transport_listener {
 public:
  explicit engine(far_ends& from) : from_(from) {}
  void on_message(peer_id, byte_view message) noexcept override {
    const bytes* const sealed = from_.sealed();
    if (sealed == nullptr || sealed->data() != message.data()) std::abort();
  }
  void on_sent(std::uint64_t cookie, status) noexcept override {
    if (from_.due.erase(cookie) != 1) std::abort();
  }
  void on_fabric_ending() noexcept override {}
  void on_greeting(byte_view words) const {
    const bytes* const sealed = from_.sealed();
    if (sealed == nullptr) std::abort();
    const byte_view all = *sealed;
    const content_digest digest = digest_of(words);
    if (!std::equal(digest.begin(), digest.end(), all.begin())) std::abort();
  }

 private:
  far_ends& from_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  far_ends others(fuzz::steps(std::as_bytes(std::span(data, size))));
  engine listener(others);
  control_channel channel(others);
  others.channel = &channel;
  const bytes words(3, std::byte{5});
  channel.greet_with({words,
                      [](void* self, peer_id, byte_view theirs) noexcept {
                        static_cast<engine*>(self)->on_greeting(theirs);
                      },
                      &listener});
  if (!channel.open(listener, "here", card_of(incarnation).encode(), {}).ok()) std::abort();
  peer_id producer = 0;
  if (!channel.introduce("there", of_a_producer, producer).ok() || producer != producer_peer) std::abort();
  while (!others.over()) static_cast<void>(channel.progress());
  static_cast<void>(channel.progress());
  if (!channel.close(std::chrono::seconds(1))) std::abort();
  channel.forget_packets();
  if (!others.due.empty()) std::abort();
  return 0;
}
