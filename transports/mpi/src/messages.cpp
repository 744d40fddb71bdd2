// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "messages.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "errors.hpp"
#include "finalize_hook.hpp"
#include "waiting.hpp"

namespace farhold::mpi::detail {
namespace {

constexpr int message_tag = 1;

status isend(const std::byte* bytes, std::size_t size_bytes, peer_id to, MPI_Comm comm,
             MPI_Request& request) noexcept {
  return from_mpi(MPI_Isend(bytes, static_cast<int>(size_bytes), MPI_BYTE, static_cast<int>(to), message_tag,
                            comm, &request),
                  "MPI_Isend");
}

/// Sends two pieces of memory as one message, from where they lie.
status isend_both(byte_view head, byte_view payload, peer_id to, MPI_Comm comm,
                  MPI_Request& request) noexcept {
  std::array<MPI_Aint, 2> at{};
  const std::array<int, 2> lengths{static_cast<int>(head.size()), static_cast<int>(payload.size())};
  MPI_Datatype type = MPI_DATATYPE_NULL;
  int code = MPI_Get_address(head.data(), &at[0]);
  if (code == MPI_SUCCESS) code = MPI_Get_address(payload.data(), &at[1]);
  if (code == MPI_SUCCESS) code = MPI_Type_create_hindexed(2, lengths.data(), at.data(), MPI_BYTE, &type);
  if (code != MPI_SUCCESS) return from_mpi(code, "MPI_Type_create_hindexed");
  code = MPI_Type_commit(&type);
  if (code == MPI_SUCCESS)
    code = MPI_Isend(MPI_BOTTOM, 1, type, static_cast<int>(to), message_tag, comm, &request);
  (void)MPI_Type_free(&type);  // MPI keeps it until the send is complete
  return from_mpi(code, "MPI_Isend");
}

void copy(std::byte* to, byte_view from) noexcept {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

void message_channel::prepare(MPI_Comm comm, std::size_t peers) {
  comm_ = comm;
  peers_ = peers;
  slots_.reserve(max_sends);
  free_slots_.reserve(max_sends);
  sends_to_.resize(peers);
  large_heads_.reserve(max_large_heads);
  fresh_.reserve(max_sends);
  send_requests_.reserve(max_sends);
  sending_.reserve(max_sends);
  finished_sends_.reserve(max_sends);
  receive_requests_.reserve(max_receives);
  receiving_.reserve(max_receives);
  bounce_buffers_.reserve(max_receives);
  indices_.resize(std::max(max_sends, max_receives));
  statuses_.resize(std::max(max_sends, max_receives));
}

std::size_t message_channel::sends_in_flight() const noexcept {
  const std::lock_guard lock(mutex_);
  return slots_in_use_;
}

status message_channel::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept {
  if (to >= peers_) return {errc::invalid_argument, 0, "send: no such peer"};
  if (head.size() > max_message_bytes || payload.size() > max_message_bytes - head.size()) {
    return {errc::invalid_argument, 0, "send: the message is larger than max_message_bytes"};
  }
  const bool small = head.size() + payload.size() <= small_bytes;
  status outcome;
  send_slot* slot = take_slot(to, small ? 0 : head.size(), outcome);
  if (slot == nullptr) return outcome;
  slot->cookie = cookie;

  // Counted before it can arrive: a count of messages received must never overtake the count of those sent.
  sent_.fetch_add(1, std::memory_order_relaxed);
  posted_send posted{MPI_REQUEST_NULL, slot};
  if (small) {
    copy(slot->small.data(), head);
    copy(slot->small.data() + head.size(), payload);
    outcome = isend(slot->small.data(), head.size() + payload.size(), to, comm_, posted.request);
  } else {
    outcome = post(*slot, head, payload, posted.request);
  }
  const std::lock_guard lock(mutex_);
  if (outcome.ok()) {
    fresh_.push_back(posted);
  } else {
    sent_.fetch_sub(1, std::memory_order_relaxed);
    give_back_locked(*slot);
  }
  return outcome;
}

status message_channel::post(send_slot& slot, byte_view head, byte_view payload,
                             MPI_Request& request) noexcept {
  std::byte* const kept = slot.large_head ? slot.large_head.get() : slot.small.data();
  copy(kept, head);
  if (payload.empty()) return isend(kept, head.size(), slot.to, comm_, request);
  if (head.empty()) return isend(payload.data(), payload.size(), slot.to, comm_, request);
  return isend_both({kept, head.size()}, payload, slot.to, comm_, request);
}

message_channel::send_slot* message_channel::take_slot(peer_id to, std::size_t copied_bytes,
                                                       status& outcome) noexcept {
  const std::lock_guard lock(mutex_);
  const bool large = copied_bytes > small_bytes;
  if (sends_to_[to] >= max_sends_per_peer || slots_in_use_ == max_sends ||
      (large && large_heads_.empty() && large_heads_made_ == max_large_heads)) {
    outcome = {errc::out_of_memory, 0, "send: too many messages are in flight"};
    return nullptr;
  }
  try {
    if (free_slots_.empty()) {
      slots_.push_back(std::make_unique<send_slot>());
      free_slots_.push_back(slots_.back().get());
    }
    if (large && large_heads_.empty()) {
      large_heads_.push_back(std::make_unique_for_overwrite<std::byte[]>(max_message_bytes));
      ++large_heads_made_;
    }
  } catch (const std::bad_alloc&) {
    outcome = {errc::out_of_memory, 0, "send: no memory for the message's head"};
    return nullptr;
  }
  send_slot* const slot = free_slots_.back();
  free_slots_.pop_back();
  if (large) {
    slot->large_head = std::move(large_heads_.back());
    large_heads_.pop_back();
  }
  slot->to = to;
  ++sends_to_[to];
  ++slots_in_use_;
  return slot;
}

void message_channel::give_back_locked(send_slot& slot) noexcept {
  if (slot.large_head) large_heads_.push_back(std::move(slot.large_head));
  --sends_to_[slot.to];
  --slots_in_use_;
  free_slots_.push_back(&slot);
}

bool message_channel::progress(transport_listener& listener) noexcept {
  // Not a mutex: a listener may call progress() on the thread that holds it, and gets false.
  if (progressing_.exchange(true)) return false;
  bool any = false;
  if (finalize_hook::lets_in()) {  // asked after the flag is up: see finalize_hook.cpp
    any = reap_sends(listener);
    any = match_messages() || any;
    any = deliver(listener) || any;
  }
  progressing_.store(false, std::memory_order_release);
  return any;
}

void message_channel::wait_until_nobody_progresses() const noexcept {
  poller rhythm(deadline_after(std::chrono::seconds(1)));
  while (progressing_ && !rhythm.expired()) rhythm.pause();
}

bool message_channel::reap_sends(transport_listener& listener) noexcept {
  {
    const std::lock_guard lock(mutex_);
    for (const posted_send& posted : fresh_) {
      send_requests_.push_back(posted.request);
      sending_.push_back(posted.slot);
    }
    fresh_.clear();
  }
  if (sending_.empty()) return false;

  int completed = 0;
  const int code = MPI_Testsome(static_cast<int>(send_requests_.size()), send_requests_.data(), &completed,
                                indices_.data(), statuses_.data());
  if (completed == MPI_UNDEFINED || completed <= 0) return false;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < static_cast<std::size_t>(completed); ++i) {
      send_slot*& slot = sending_[static_cast<std::size_t>(indices_[i])];
      const int own_code = code == MPI_ERR_IN_STATUS ? statuses_[i].MPI_ERROR : MPI_SUCCESS;
      finished_sends_.push_back({slot->cookie, from_mpi(own_code, "a send in flight")});
      give_back_locked(*slot);
      slot = nullptr;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < sending_.size(); ++i) {
    if (sending_[i] == nullptr) continue;
    sending_[kept] = sending_[i];
    send_requests_[kept++] = send_requests_[i];
  }
  sending_.resize(kept);
  send_requests_.resize(kept);

  for (const sent_message& message : finished_sends_) listener.on_sent(message.cookie, message.outcome);
  finished_sends_.clear();
  return true;
}

/// Takes what has arrived out of MPI's hands, at most as much as there is room for.
bool message_channel::match_messages() noexcept {
  bool any = false;
  while (receiving_.size() < max_receives) {
    if (bounce_buffers_.empty()) {
      buffer more(new (std::nothrow) std::byte[max_message_bytes]);
      if (!more) return any;
      bounce_buffers_.push_back(std::move(more));
    }
    int found = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status envelope;
    if (MPI_Improbe(MPI_ANY_SOURCE, message_tag, comm_, &found, &message, &envelope) != MPI_SUCCESS)
      return any;
    if (found == 0) return any;
    receive_matched(message, envelope);
    any = true;
  }
  return any;
}

void message_channel::receive_matched(MPI_Message& message, const MPI_Status& envelope) noexcept {
  int count = MPI_UNDEFINED;
  (void)MPI_Get_count(&envelope, MPI_BYTE, &count);
  incoming arrival;
  arrival.from = static_cast<peer_id>(envelope.MPI_SOURCE);
  if (count >= 0 && static_cast<std::size_t>(count) <= max_message_bytes) {
    arrival.bytes = std::move(bounce_buffers_.back());
    bounce_buffers_.pop_back();
  } else {
    // Nobody of ours sends this. It gets room all the same: a truncated receive is an error that MPICH raises
    // on MPI_COMM_WORLD, whose handler is not ours to set and kills the process.
    arrival.drop = true;
    if (count >= 0) arrival.bytes.reset(new (std::nothrow) std::byte[static_cast<std::size_t>(count)]);
    if (!arrival.bytes) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;  // matched and never received
    }
  }
  arrival.size_bytes = static_cast<std::size_t>(count);
  MPI_Request request = MPI_REQUEST_NULL;
  if (MPI_Imrecv(arrival.bytes.get(), count, MPI_BYTE, &message, &request) != MPI_SUCCESS) {
    request = MPI_REQUEST_NULL;
    arrival.complete = true;
    arrival.drop = true;
  }
  receive_requests_.push_back(request);
  receiving_.push_back(std::move(arrival));
}

void message_channel::reap_receives() noexcept {
  int completed = 0;
  const int code = MPI_Testsome(static_cast<int>(receive_requests_.size()), receive_requests_.data(),
                                &completed, indices_.data(), statuses_.data());
  if (completed == MPI_UNDEFINED) return;
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(completed, 0)); ++i) {
    incoming& arrival = receiving_[static_cast<std::size_t>(indices_[i])];
    arrival.complete = true;
    if (code == MPI_ERR_IN_STATUS && statuses_[i].MPI_ERROR != MPI_SUCCESS) arrival.drop = true;
  }
}

/// A later small message may be complete before an earlier large one of the same sender.
bool message_channel::waits_for_earlier(std::size_t position) const noexcept {
  return std::any_of(receiving_.begin(), receiving_.begin() + static_cast<std::ptrdiff_t>(position),
                     [&](const incoming& earlier) {
                       return !earlier.complete && earlier.from == receiving_[position].from;
                     });
}

bool message_channel::deliver(transport_listener& listener) noexcept {
  if (receiving_.empty()) return false;
  reap_receives();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < receiving_.size(); ++i) {
    incoming& arrival = receiving_[i];
    // Entries already kept are the earlier ones that were not delivered; they lie in front of `kept`.
    if (i != kept) {
      receiving_[kept] = std::move(arrival);
      receive_requests_[kept] = receive_requests_[i];
    }
    incoming& current = receiving_[kept];
    if (!current.complete || waits_for_earlier(kept)) {
      ++kept;
      continue;
    }
    if (current.drop) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
    } else {
      listener.on_message(current.from, {current.bytes.get(), current.size_bytes});
    }
    received_.fetch_add(1, std::memory_order_relaxed);
    if (current.size_bytes <= max_message_bytes) bounce_buffers_.push_back(std::move(current.bytes));
    current.bytes.reset();
  }
  const bool any = kept != receiving_.size();
  receiving_.resize(kept);
  receive_requests_.resize(kept);
  return any;
}

}  // namespace farhold::mpi::detail
