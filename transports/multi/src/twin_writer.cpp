// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "twin_writer.hpp"

#include <algorithm>
#include <exception>
#include <string>

#include <farhold/log.hpp>

#include "detail/fork.hpp"

namespace farhold::multi {

twin_writer::twin_writer(farhold::connector& twin, std::uint64_t backlog_bytes)
    : twin_(twin), backlog_bytes_(backlog_bytes), fork_epoch_(detail::fork_epoch()) {}

twin_writer::~twin_writer() {
  if (!thread_.joinable()) return;
  if (detail::fork_epoch() != fork_epoch_) {
    thread_.detach();  // it runs in the parent
    return;
  }
  constexpr std::chrono::seconds patience{5};
  if (!drain(patience))
    detail::log("a multi store ends before all of its durable twins are written; close it");
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (const job& one : waiting_) twin_.abandon(one.room);
}

void twin_writer::add(const job& one) noexcept {
  job mine = one;
  try {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t size_bytes = one.room.memory.size();
    if (!stopping_ && (waiting_.empty() || waiting_bytes_ + size_bytes <= backlog_bytes_)) {
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      waiting_.push_back(mine);
      waiting_bytes_ += size_bytes;
      changed_.notify_all();
      return;
    }
  } catch (const std::exception&) {  // no thread, or no memory for the list
  }
  write(mine);
}

void twin_writer::settle(const key& twin) noexcept {
  std::unique_lock lock(mutex_);
  const auto at =
      std::find_if(waiting_.begin(), waiting_.end(), [&](const job& one) { return one.twin == twin; });
  if (at != waiting_.end()) {
    const reservation room = at->room;
    waiting_bytes_ -= room.memory.size();
    waiting_.erase(at);
    changed_.notify_all();
    lock.unlock();
    twin_.abandon(room);
    return;
  }
  changed_.wait(lock, [&] { return writing_ == nullptr || *writing_ != twin; });
}

bool twin_writer::drain(std::chrono::nanoseconds patience) noexcept {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(patience, std::chrono::hours(24 * 365)),
                           [&] { return waiting_.empty() && writing_ == nullptr; });
}

void twin_writer::run() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    job mine = waiting_.front();
    waiting_.pop_front();
    writing_ = &mine.twin;
    lock.unlock();
    write(mine);
    lock.lock();
    waiting_bytes_ -= mine.room.memory.size();
    writing_ = nullptr;
    changed_.notify_all();
  }
}

void twin_writer::write(job& one) noexcept {
  constexpr std::chrono::seconds patience{10};
  const status s = [&] {
    one.room.promised = &one.twin;
    key same;
    return twin_.publish(one.room, one.type, same);
  }();
  if (!s.ok()) {
    twin_.abandon(one.room);
    try {
      const std::string cure = twin_.cure(s);
      detail::log(std::string("a durable twin could not be written: ") + s.where +
                  (cure.empty() ? "" : "; ") + cure);
    } catch (const std::exception&) {  // no memory to say so
    }
    return;
  }
  // Who evicted the object meanwhile did not find the twin.
  bool there = true;
  if (one.first_at->exists(one.first, patience, there).ok() && !there) {
    static_cast<void>(twin_.evict(one.twin, patience));
  }
}

}  // namespace farhold::multi
