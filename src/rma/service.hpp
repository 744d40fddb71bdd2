// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "arenas.hpp"
#include "messages.hpp"
#include "peer_memory.hpp"

namespace farhold::rma {

/// The producer's side of the validated service: answers requests for objects of this process.
///
/// A request is checked against the block table before anything is read for it. The block of a read is
/// pinned from that check until its last fragment is sent, so what a consumer gets is whole.
/// A large object goes out in fragments, a few at a time. Lent memory is pinned only while a few fragments
/// of it are copied, since its owner waits for it: a transfer that meets the end of the loan becomes `stale`.
///
/// Threads   All of it.
/// Progress  Runs inside `transport::progress`, on whichever thread calls that.
class server {
 public:
  server(transport& fabric, arenas& objects) : fabric_(fabric), objects_(objects) {}

  void answer(peer_id from, const message& request) noexcept;
  void on_sent(std::uint64_t cookie, status outcome) noexcept;
  /// Whether nothing of ours is being sent.
  [[nodiscard]] bool idle() noexcept {
    const std::scoped_lock lock(mutex_);
    return jobs_.empty();
  }
  /// Counts what the transport has turned away, and logged if it was the first.
  void count_refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }
  /// Counts a request that no farhold sends, and logs the first.
  void refuse() noexcept;

  void collect(metrics& m) const noexcept;

 private:
  static constexpr int fragments_in_flight = 4;
  static constexpr std::size_t most_jobs = std::size_t{1} << 14U;

  struct job {
    peer_id to = 0;
    std::uint64_t request = 0;
    ticket object;
    byte_view payload;
    std::uint64_t sent = 0;  // bytes handed to the fabric
    int in_flight = 0;       // fragments
    errc failed = errc::ok;
    bool lent = false;                // `payload` is then only for its size
    std::vector<std::byte> bounce{};  // of a lent object, the fragments in flight
  };

  struct postponed_answer {
    peer_id to = 0;
    std::uint64_t request = 0;
    errc code = errc::ok;
  };

  // All below with the mutex held.

  /// Sends what may be sent. True if the job is over.
  bool advance(std::uint64_t cookie, job& work) noexcept;
  [[nodiscard]] std::uint64_t fragment_bytes() const noexcept;
  /// The bytes to be sent next, where they stay until they are sent; empty if there are none to be had.
  byte_view next_piece(job& work) noexcept;
  /// Goes on with answers and jobs that found the fabric full, the oldest first. It is full of messages of
  /// this process, so that the end of any of them may make room.
  void resume_stalled() noexcept;
  bool stall(std::uint64_t cookie) noexcept;
  void reply(peer_id to, std::uint64_t request, errc code) noexcept;

  transport& fabric_;
  arenas& objects_;
  std::mutex mutex_;
  std::uint64_t last_cookie_ = 0;
  std::unordered_map<std::uint64_t, job> jobs_;
  std::deque<std::uint64_t> stalled_;  // jobs with nothing in flight because the fabric would take no more
  std::deque<postponed_answer> postponed_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> refusal_logged_{false};
};

/// The consumer's side: asks, and takes the answers. Who waits for them is `inquiry` and `gather`.
///
/// Replies find their request by number; one that comes after `end` finds nobody and is dropped, so that
/// landing memory is never written late.
///
/// Threads   All of it; one request is used by one thread.
class client {
 public:
  /// One question under way. It must stay where it is from `begin` to `end`.
  struct request {
    peer_id whom = 0;
    message::kind what = message::kind::read;
    ticket object;
    byte_span memory;  // of a read: where its bytes land

    std::uint64_t number = 0;
    std::atomic<bool> sent{false};
    bool again = false;  // it is being asked for the second time
    std::uint64_t landed = 0;
    errc code = errc::ok;
    const char* where = "";
    std::atomic<bool> done{false};
  };

  explicit client(transport& fabric) : fabric_(fabric) {}

  status begin(request& question) noexcept;
  /// True once there is an answer, or the fabric will not take the question: then `outcome` says which. A
  /// fabric that is full is asked again each time.
  bool over(request& question, status& outcome) noexcept;
  /// After this nobody writes into the question's memory.
  void end(request& question) noexcept;

  void on_reply(peer_id from, const message& reply) noexcept;
  /// Nothing that was asked of `peer` before will be answered. What can be asked twice is, once: it may be
  /// the connection that has ended, for whatever reason, and not the process.
  void on_peer_lost(peer_id peer, const status& why) noexcept;

 private:
  transport& fabric_;
  std::mutex mutex_;
  std::uint64_t last_request_ = 0;
  std::unordered_map<std::uint64_t, request*> waiting_;
};

}  // namespace farhold::rma
