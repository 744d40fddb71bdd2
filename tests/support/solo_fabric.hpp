// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <farhold/transport.hpp>

// What the peers of a fabric of threads share, and the hooks by which tests steer it: see solo_transport.hpp.

namespace farhold::test {

/// What becomes of a message on its way.
enum class fate : std::uint8_t { deliver, drop, twice, behind_the_next };

/// What can be made to fail: calls, and the delivery of a message that was sent well.
enum class solo_call : std::uint8_t { start, test, send, delivery };

struct solo_options {
  peer_id peers = 2;
  bool one_sided = true;
  bool host_progress = false;     ///< a read ends only after its target has called `progress`
  std::uint64_t chunk_bytes = 0;  ///< moved by one `test`; 0 moves all of it in `start`
  bool backwards = false;         ///< the last chunk first, so that a trailer arrives before its payload
  std::uint64_t max_message_bytes = 4096;
  std::size_t queue_messages = 64;  ///< from one peer to another, until `on_sent`
};

/// What the peers of one fabric share. Made with `std::make_shared`.
///
/// Threads   All of it, at any time.
class solo_fabric {
 public:
  using message_judge = std::function<fate(peer_id from, peer_id to, byte_view head, byte_view payload)>;
  using chunk_hook = std::function<void(const remote_read& read, std::uint64_t moved)>;

  explicit solo_fabric(const solo_options& options) : options_(options), members_(options.peers) {}

  [[nodiscard]] const solo_options& options() const noexcept { return options_; }

  /// Reads begun by `peer` make no progress, whatever its tests ask, until they are let go.
  void hold_reads(peer_id peer, bool held) { members_[peer].reads_held = held; }
  /// Messages to `peer` wait although it progresses.
  void hold_messages(peer_id peer, bool held) { members_[peer].messages_held = held; }
  /// `peer` hears of no finished send.
  void hold_sent(peer_id peer, bool held) { members_[peer].sent_held = held; }

  /// The call of `peer` after `skipped` more of its kind fails, once. `done` is what a failing `test` says.
  void fail(peer_id peer, solo_call what, status how, std::size_t skipped = 0, bool done = true) {
    const std::scoped_lock lock(mutex_);
    members_[peer].failures[what] = {how, skipped, done};
  }

  /// Asked for every message; must not send.
  void judge_messages(message_judge judge) {
    const std::scoped_lock lock(mutex_);
    judge_ = std::move(judge);
  }
  /// Called between two chunks of every read, on the reading thread, with no lock held.
  void between_chunks(chunk_hook hook) {
    const std::scoped_lock lock(mutex_);
    hook_ = std::move(hook);
  }
  /// A message out of nowhere.
  void inject(peer_id from, peer_id to, byte_view bytes) {
    const std::scoped_lock lock(mutex_);
    members_[to].queue.push_back({from, {bytes.begin(), bytes.end()}, {}, std::nullopt, 1});
  }
  /// `peer` is told, in its next `progress`, that the fabric ends.
  void end(peer_id peer) { members_[peer].ending = true; }

  [[nodiscard]] std::uint64_t reads_started() const noexcept { return reads_started_; }
  [[nodiscard]] std::uint64_t reads_pending() const noexcept { return reads_pending_; }
  [[nodiscard]] std::uint64_t messages_pending() const noexcept { return messages_pending_; }
  [[nodiscard]] std::uint64_t memory_changes(peer_id peer) const noexcept { return members_[peer].changes; }
  [[nodiscard]] std::uint64_t progress_calls(peer_id peer) const noexcept {
    return members_[peer].progressed;
  }

 private:
  friend class solo_transport;

  struct failure {
    status how;
    std::size_t skipped = 0;
    bool done = true;
  };
  struct message {
    peer_id from = 0;
    std::vector<std::byte> head;
    byte_view payload;
    std::optional<std::uint64_t> cookie;  // none: nobody waits for it
    int copies = 1;
  };
  struct sent {
    peer_id to = 0;
    std::uint64_t cookie = 0;
    status outcome;
  };
  struct member {
    byte_span memory;
    std::vector<std::byte> card;
    status outcome;
    std::deque<message> queue;                 // to this peer
    std::deque<sent> finished;                 // sends of this peer
    std::map<peer_id, message> late;           // to this peer, one of each sender
    std::map<peer_id, std::size_t> under_way;  // from this peer
    std::map<solo_call, failure> failures;
    std::atomic<bool> reads_held{false};
    std::atomic<bool> messages_held{false};
    std::atomic<bool> sent_held{false};
    std::atomic<bool> ending{false};
    std::atomic<std::uint64_t> progressed{0};
    std::atomic<std::uint64_t> changes{0};
    bool closing = false;
  };

  std::optional<failure> take_failure(peer_id peer, solo_call what) {
    const std::scoped_lock lock(mutex_);
    auto& failures = members_[peer].failures;
    const auto at = failures.find(what);
    if (at == failures.end()) return std::nullopt;
    if (at->second.skipped > 0) {
      --at->second.skipped;
      return std::nullopt;
    }
    return failures.extract(at).mapped();
  }

  const solo_options options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  peer_id arrivals_ = 0;
  bool open_failed_ = false;
  std::vector<member> members_;
  message_judge judge_;
  chunk_hook hook_;
  std::atomic<std::uint64_t> reads_started_{0};
  std::atomic<std::uint64_t> reads_pending_{0};
  std::atomic<std::uint64_t> messages_pending_{0};  // until delivered and their sender told
};

}  // namespace farhold::test
