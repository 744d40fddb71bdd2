// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "blocks.hpp"
#include "messages.hpp"
#include "peer_memory.hpp"

namespace farhold::rma {

/// The producer's side of the validated service: answers requests for objects of this process.
///
/// A request is checked against the block table before anything is read for it. The block of a read is
/// pinned from that check until its last fragment is sent, so what a consumer gets is whole.
/// A large object goes out in fragments, a few at a time.
///
/// Threads   All of it.
/// Progress  Runs inside `transport::progress`, on whichever thread calls that.
class server {
 public:
  server(transport& fabric, blocks& objects) : fabric_(fabric), objects_(objects) {}

  void answer(peer_id from, const message& request) noexcept;
  void on_sent(std::uint64_t cookie, status outcome) noexcept;
  void refuse() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }

  void collect(metrics& m) const noexcept;

 private:
  static constexpr int fragments_in_flight = 4;

  struct job {
    peer_id to = 0;
    std::uint64_t request = 0;
    ticket object;
    byte_view payload;
    std::uint64_t sent = 0;  // bytes handed to the fabric
    int in_flight = 0;       // fragments
    bool failed = false;
  };

  struct postponed_answer {
    peer_id to = 0;
    std::uint64_t request = 0;
    errc code = errc::ok;
  };

  // All below with the mutex held.

  /// Sends what may be sent. True if the job is over.
  bool advance(std::uint64_t cookie, job& work) noexcept;
  /// Goes on with answers and jobs that found the fabric full, the oldest first. It is full of messages of
  /// this process, so that the end of any of them may make room.
  void resume_stalled() noexcept;
  bool stall(std::uint64_t cookie) noexcept;
  void reply(peer_id to, std::uint64_t request, errc code) noexcept;

  transport& fabric_;
  blocks& objects_;
  std::mutex mutex_;
  std::uint64_t last_cookie_ = 0;
  std::unordered_map<std::uint64_t, job> jobs_;
  std::deque<std::uint64_t> stalled_;  // jobs with nothing in flight because the fabric would take no more
  std::deque<postponed_answer> postponed_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

/// The consumer's side: asks, and waits for the answer under a deadline.
///
/// Replies find their request by number; one that comes after the deadline finds nobody and is dropped, so
/// that landing memory is never written late.
///
/// Threads   All of it.
/// Errors    `timeout`, or `producer_lost` if the process that is asked is seen to have ended.
/// Progress  A waiting call progresses the transport.
class client {
 public:
  explicit client(transport& fabric) : fabric_(fabric) {}

  status read(peer_id from, const peer_memory& process, const ticket& object, landing& where,
              const deadline& until) noexcept;
  status ask(peer_id whom, const peer_memory& process, message::kind what, const ticket& object,
             const deadline& until) noexcept;

  void on_reply(peer_id from, const message& reply) noexcept;

 private:
  struct pending {
    peer_id from = 0;
    byte_span memory;  // of a read
    std::uint64_t landed = 0;
    errc code = errc::ok;
    std::atomic<bool> done{false};
  };

  status converse(message::kind what, const ticket& object, pending& request, const peer_memory& process,
                  const deadline& until) noexcept;

  transport& fabric_;
  std::mutex mutex_;
  std::uint64_t last_request_ = 0;
  std::unordered_map<std::uint64_t, pending*> waiting_;
};

}  // namespace farhold::rma
