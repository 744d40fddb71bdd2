// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <farhold/transport.hpp>

#include "solo_fabric.hpp"

// A fabric of threads: the reference transport for tests.
//
// N peers in one process read each other's memory and send each other messages by the rules of
// farhold/transport.hpp, as strictly as any fabric may take them:
//
// - a read moves only inside `start` and `test`, and lands late if it is held back;
// - a payload is fetched from where it lies when its message is delivered, so that whoever changes it before
//   `on_sent` sends rubbish;
// - queues are short, and full at times;
// - nothing is delivered outside `progress`.
//
// Tests steer it through `solo_fabric`: hold back, fail, drop, duplicate, reorder, stop between two chunks of
// a read.
//
//   auto fabric = std::make_shared<solo_fabric>(solo_options{.peers = 2});
//   std::make_unique<solo_transport>(fabric, 0), std::make_unique<solo_transport>(fabric, 1)
//
// `open` and `close` wait for all peers: call them from one thread per peer.

namespace farhold::test {

/// One peer's end of a `solo_fabric`.
class solo_transport : public transport {
 public:
  solo_transport(std::shared_ptr<solo_fabric> fabric, peer_id self)
      : fabric_(std::move(fabric)), self_(self) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "solo"; }
  [[nodiscard]] transport_capabilities capabilities() const noexcept override {
    return {.one_sided = fabric_->options_.one_sided, .host_progress = fabric_->options_.host_progress};
  }
  [[nodiscard]] peer_id self() const noexcept override { return self_; }
  [[nodiscard]] peer_id peer_count() const noexcept override { return fabric_->options_.peers; }
  [[nodiscard]] byte_view card(peer_id peer) const noexcept override { return fabric_->members_[peer].card; }
  [[nodiscard]] std::uint64_t max_message_bytes() const noexcept override {
    return fabric_->options_.max_message_bytes;
  }

  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override {
    listener_ = &listener;
    std::unique_lock lock(fabric_->mutex_);
    mine().memory = memory;
    mine().card.assign(card.begin(), card.end());
    mine().outcome = outcome;
    ++fabric_->arrivals_;
    fabric_->arrived_.notify_all();
    const bool all =
        fabric_->arrived_.wait_for(lock, timeout, [&] { return fabric_->arrivals_ == peer_count(); });
    if (!all) fabric_->open_failed_ = true;
    if (fabric_->open_failed_) return {errc::timeout, 0, "open: a peer does not come"};
    for (const auto& member : fabric_->members_) {
      if (!member.outcome.ok()) return member.outcome;
    }
    return {};
  }

  status start(remote_read& read) noexcept override {
    if (const auto failure = fabric_->take_failure(self_, solo_call::start)) return failure->how;
    if (!fabric_->options_.one_sided) return {errc::unsupported, 0, "start: messages only"};
    if (read.peer >= peer_count()) return {errc::invalid_argument, 0, "start: no such peer"};
    const auto& target = fabric_->members_[read.peer];
    if (read.offset > target.memory.size() || read.size_bytes > target.memory.size() - read.offset) {
      return {errc::invalid_argument, 0, "start: out of the peer's exposed memory"};
    }
    ++fabric_->reads_started_;
    ++fabric_->reads_pending_;
    progress_of_read state{target.memory.data() + read.offset, 0, target.progressed};
    if (fabric_->options_.chunk_bytes == 0 && may_move(read, state)) move_chunk(read, state, read.size_bytes);
    save(read, state);
    return {};
  }

  status test(remote_read& read, bool& done) noexcept override {
    done = false;
    if (const auto failure = fabric_->take_failure(self_, solo_call::test)) {
      done = failure->done;
      if (done) --fabric_->reads_pending_;
      return failure->how;
    }
    progress_of_read state = load(read);
    if (state.moved < read.size_bytes) {
      if (!may_move(read, state)) return {};
      const std::uint64_t chunk = fabric_->options_.chunk_bytes;
      if (state.moved > 0) call_hook(read, state.moved);
      move_chunk(read, state, chunk == 0 ? read.size_bytes : chunk);
      save(read, state);
      if (state.moved < read.size_bytes) return {};
    } else if (fabric_->members_[self_].reads_held) {
      return {};
    }
    done = true;
    --fabric_->reads_pending_;
    return {};
  }

  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    if (const auto failure = fabric_->take_failure(self_, solo_call::send)) return failure->how;
    if (to >= peer_count()) return {errc::invalid_argument, 0, "send: no such peer"};
    if (head.size() + payload.size() > max_message_bytes()) {
      return {errc::invalid_argument, 0, "send: the message is larger than max_message_bytes"};
    }
    const auto undelivered = fabric_->take_failure(self_, solo_call::delivery);
    const std::scoped_lock lock(fabric_->mutex_);
    auto& receiver = fabric_->members_[to];
    if (mine().under_way[to] >= fabric_->options_.queue_messages) {
      return {errc::out_of_memory, 0, "send: too many messages are in flight"};
    }
    ++mine().under_way[to];
    ++fabric_->messages_pending_;
    const fate what = fabric_->judge_ ? fabric_->judge_(self_, to, head, payload) : fate::deliver;
    if (what == fate::drop || undelivered) {
      mine().finished.push_back({to, cookie, undelivered ? undelivered->how : status{}});
      return {};
    }
    solo_fabric::message letter{
        self_, {head.begin(), head.end()}, payload, cookie, what == fate::twice ? 2 : 1};
    if (what == fate::behind_the_next && !receiver.late.contains(self_)) {
      receiver.late.emplace(self_, std::move(letter));
      return {};
    }
    receiver.queue.push_back(std::move(letter));
    if (auto late = receiver.late.extract(self_)) receiver.queue.push_back(std::move(late.mapped()));
    return {};
  }

  bool progress() noexcept override {
    // A listener may call this from inside its own call, and a second thread at any time: both get false.
    if (progressing_.exchange(true, std::memory_order_acquire)) return false;
    bool any = false;
    if (mine().ending.exchange(false)) {
      listener_->on_fabric_ending();
      any = true;
    }
    any = deliver_messages() || any;
    any = report_sent() || any;
    ++mine().progressed;
    progressing_.store(false, std::memory_order_release);
    return any;
  }

  void memory_changed() noexcept override { ++mine().changes; }

  /// Ends when all peers are here and nothing is under way between any of them.
  status close(std::chrono::nanoseconds timeout) noexcept override {
    const auto end = std::chrono::steady_clock::now() + timeout;
    {
      const std::scoped_lock lock(fabric_->mutex_);
      mine().closing = true;
    }
    for (;;) {
      progress();
      {
        const std::scoped_lock lock(fabric_->mutex_);
        const bool all = std::all_of(fabric_->members_.begin(), fabric_->members_.end(),
                                     [](const auto& member) { return member.closing; });
        if (all && fabric_->reads_pending_ == 0 && fabric_->messages_pending_ == 0) return {};
      }
      if (std::chrono::steady_clock::now() >= end) return {errc::timeout, 0, "close: a peer does not come"};
      std::this_thread::yield();
    }
  }

 private:
  struct progress_of_read {
    const std::byte* source = nullptr;
    std::uint64_t moved = 0;
    std::uint64_t target_had_progressed = 0;
  };

  static progress_of_read load(const remote_read& read) noexcept {
    progress_of_read state;
    std::memcpy(&state, read.state.data(), sizeof state);
    return state;
  }
  static void save(remote_read& read, const progress_of_read& state) noexcept {
    static_assert(sizeof state <= sizeof read.state);
    std::memcpy(read.state.data(), &state, sizeof state);
  }

  solo_fabric::member& mine() noexcept { return fabric_->members_[self_]; }

  [[nodiscard]] bool may_move(const remote_read& read, const progress_of_read& state) noexcept {
    if (mine().reads_held) return false;
    return !fabric_->options_.host_progress ||
           fabric_->members_[read.peer].progressed != state.target_had_progressed;
  }

  void call_hook(const remote_read& read, std::uint64_t moved) {
    solo_fabric::chunk_hook hook;
    {
      const std::scoped_lock lock(fabric_->mutex_);
      hook = fabric_->hook_;
    }
    if (hook) hook(read, moved);
  }

  void move_chunk(const remote_read& read, progress_of_read& state, std::uint64_t most) noexcept {
    const std::uint64_t bytes = std::min(most, read.size_bytes - state.moved);
    const std::uint64_t at =
        fabric_->options_.backwards ? read.size_bytes - state.moved - bytes : state.moved;
    copy_as_hardware(state.source + at, read.destination + at, bytes);
    state.moved += bytes;
  }

  /// Copies as an adapter does, which no sanitizer sees: such a read races with the producer by design, and
  /// what it brings is validated. Words are read in one piece, as PCIe does.
  __attribute__((no_sanitize("thread"), noinline)) static void copy_as_hardware(
      const std::byte* from, std::byte* to, std::uint64_t bytes) noexcept {
    const auto odd = (reinterpret_cast<std::uintptr_t>(from) | reinterpret_cast<std::uintptr_t>(to)) % 8;
    std::uint64_t done = 0;
    for (; odd == 0 && done + 8 <= bytes; done += 8) {
      *reinterpret_cast<volatile std::uint64_t*>(to + done) =
          *reinterpret_cast<const volatile std::uint64_t*>(from + done);
    }
    for (; done < bytes; ++done) {
      *reinterpret_cast<volatile unsigned char*>(to + done) =
          *reinterpret_cast<const volatile unsigned char*>(from + done);
    }
  }

  bool deliver_messages() noexcept {
    bool any = false;
    std::vector<std::byte> whole;
    for (std::size_t waiting = queued(); waiting > 0 && !mine().messages_held; --waiting) {
      solo_fabric::message letter;
      {
        const std::scoped_lock lock(fabric_->mutex_);
        letter = std::move(mine().queue.front());
        mine().queue.pop_front();
      }
      whole = letter.head;
      whole.insert(whole.end(), letter.payload.begin(), letter.payload.end());
      for (; letter.copies > 0; --letter.copies) listener_->on_message(letter.from, whole);
      any = true;
      if (!letter.cookie) continue;
      const std::scoped_lock lock(fabric_->mutex_);
      fabric_->members_[letter.from].finished.push_back({self_, *letter.cookie, {}});
    }
    return any;
  }

  [[nodiscard]] std::size_t queued() noexcept {
    const std::scoped_lock lock(fabric_->mutex_);
    return mine().queue.size();
  }

  bool report_sent() noexcept {
    bool any = false;
    while (!mine().sent_held) {
      solo_fabric::sent one;
      {
        const std::scoped_lock lock(fabric_->mutex_);
        if (mine().finished.empty()) return any;
        one = mine().finished.front();
        mine().finished.pop_front();
        --mine().under_way[one.to];
      }
      listener_->on_sent(one.cookie, one.outcome);
      --fabric_->messages_pending_;
      any = true;
    }
    return any;
  }

  std::shared_ptr<solo_fabric> fabric_;
  peer_id self_;
  transport_listener* listener_ = nullptr;
  std::atomic<bool> progressing_{false};
};

}  // namespace farhold::test
