// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <mpi.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <farhold/transport.hpp>

namespace farhold::mpi::detail {

/// Small messages over one private communicator: never a blocking call, bounded memory.
///
/// Lifetime  `prepare` once. While a send or receive is in flight the fabric uses this object's buffers, so
/// it
///           must be destroyed only when `idle()`, or else be kept for ever.
/// Threads   `send` from any thread, also from inside the listener. `progress` from any thread: one does the
///           work, the others return at once, so the listener hears one call at a time.
/// Errors    `send` tells its own; later ones go to `on_sent`. A message that cannot be received is dropped
///           and counted.
/// Progress  Only `progress` moves anything.
class message_channel {
 public:
  /// Head and payload together. Bandwidth is flat from 64 to 256 KiB in both MPIs and falls behind it: the
  /// pieces no longer stay in the cache between the copy in and the copy out.
  static constexpr std::size_t max_message_bytes = std::size_t{256} << 10U;
  /// Up to here a message is copied as a whole: cheaper than making a datatype for it.
  static constexpr std::size_t small_bytes = 512;
  static constexpr std::size_t max_sends = 1024;
  /// So that one peer that stopped cannot take all of them.
  static constexpr std::size_t max_sends_per_peer = 128;
  /// Of heads above `small_bytes`, waiting to be sent at the same time.
  static constexpr std::size_t max_large_heads = 16;
  static constexpr std::size_t max_receives = 64;

  message_channel() = default;
  message_channel(const message_channel&) = delete;
  message_channel& operator=(const message_channel&) = delete;
  ~message_channel() = default;

  /// Local. Throws std::bad_alloc.
  void prepare(MPI_Comm comm, std::size_t peers);

  /// As `transport::send`. `out_of_memory`: too many messages are in flight; progress and try again.
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept;
  bool progress(transport_listener& listener) noexcept;
  /// For MPI_Finalize, after others have been shut out; gives up after a second.
  void wait_until_nobody_progresses() const noexcept;

  /// Since the beginning; when the sums over all ranks agree twice, no message is under way.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_.load(std::memory_order_relaxed); }
  /// Messages nobody saw: larger than allowed, or their receive failed.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t sends_in_flight() const noexcept;

 private:
  using buffer = std::unique_ptr<std::byte[]>;

  struct send_slot {
    std::uint64_t cookie = 0;
    peer_id to = 0;
    buffer large_head;  // from large_heads_, if the head needs it
    std::array<std::byte, small_bytes> small;
  };
  struct posted_send {
    MPI_Request request = MPI_REQUEST_NULL;
    send_slot* slot = nullptr;
  };
  struct incoming {
    peer_id from = 0;
    std::size_t size_bytes = 0;
    buffer bytes;
    bool complete = false;
    bool drop = false;
  };
  struct sent_message {
    std::uint64_t cookie = 0;
    status outcome;
  };

  send_slot* take_slot(peer_id to, std::size_t copied_bytes, status& outcome) noexcept;
  void give_back_locked(send_slot& slot) noexcept;
  status post(send_slot& slot, byte_view head, byte_view payload, MPI_Request& request) noexcept;

  bool reap_sends(transport_listener& listener) noexcept;
  bool match_messages() noexcept;
  void receive_matched(MPI_Message& message, const MPI_Status& envelope) noexcept;
  void reap_receives() noexcept;
  bool deliver(transport_listener& listener) noexcept;
  bool waits_for_earlier(std::size_t position) const noexcept;

  MPI_Comm comm_ = MPI_COMM_NULL;
  std::size_t peers_ = 0;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> dropped_{0};

  mutable std::mutex mutex_;  // of everything from here …
  std::vector<std::unique_ptr<send_slot>> slots_;
  std::vector<send_slot*> free_slots_;
  std::vector<std::uint16_t> sends_to_;
  std::vector<buffer> large_heads_;
  std::size_t large_heads_made_ = 0;
  std::size_t slots_in_use_ = 0;
  std::vector<posted_send> fresh_;  // … to here

  std::atomic<bool> progressing_{false};  // held by whoever works on the rest
  std::vector<MPI_Request> send_requests_;
  std::vector<send_slot*> sending_;  // beside send_requests_
  std::vector<MPI_Request> receive_requests_;
  std::vector<incoming> receiving_;  // beside receive_requests_, in the order of matching
  std::vector<buffer> bounce_buffers_;
  std::vector<sent_message> finished_sends_;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
};

}  // namespace farhold::mpi::detail
