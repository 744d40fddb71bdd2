// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "fault_transport.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace farhold::fault {

namespace {

constexpr status planned_failure{errc::transport_failure, 0, "call a transport that is planned to fail"};

}  // namespace

/// Begins what is to be fetched next of a read: all of it, or one of two halves.
status fault_transport::fetch(faulty_read& f, std::uint64_t from, std::uint64_t to) noexcept {
  f.inner = {.peer = f.whole.peer,
             .offset = f.whole.offset + from,
             .destination = f.whole.destination + from,
             .size_bytes = to - from};
  return inner().start(f.inner);
}

status fault_transport::start(remote_read& read) noexcept try {
  const plan& p = dice_.what();
  if (dice_.refuses(call::start)) return planned_failure;
  auto made = std::make_unique<faulty_read>();
  made->whole = read;
  const std::uint64_t half = read.size_bytes / 2;
  made->truncated = half > 0 && dice_.deals(truncate);
  made->torn = half > 0 && !made->truncated && dice_.deals(tear);
  if (dice_.deals(delay) || dice_.deals(reorder)) made->told_late_by = p.delay_time;
  if (dice_.deals(drop)) made->told_late_by = p.lost_time;
  std::uint64_t from = 0, to = made->truncated || made->torn ? half : read.size_bytes;
  made->other_from = half, made->other_to = read.size_bytes;
  constexpr double evenly = 0.5;
  if (made->torn && dice_.roll(evenly)) {
    std::swap(from, made->other_from);
    std::swap(to, made->other_to);
  }
  if (const status s = fetch(*made, from, to); !s.ok()) return s;
  const std::scoped_lock lock(mutex_);
  const std::uint64_t number = ++last_number_;
  reads_.emplace(number, std::move(made));
  std::memcpy(read.state.data(), &number, sizeof number);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember a read"};
}

status fault_transport::test(remote_read& read, bool& done) noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, read.state.data(), sizeof number);
  std::unique_lock lock(mutex_);
  const auto at = reads_.find(number);
  if (at == reads_.end()) {
    done = true;
    return {errc::invalid_argument, 0, "test a read that is over"};
  }
  faulty_read& f = *at->second;
  lock.unlock();
  const status outcome = advance(f, done);
  if (done) {
    lock.lock();
    reads_.erase(number);
  }
  return outcome;
}

status fault_transport::advance(faulty_read& f, bool& done) noexcept {
  done = false;
  const auto now = std::chrono::steady_clock::now();
  if (f.fetching) {
    bool fetched = false;
    const status s = inner().test(f.inner, fetched);
    if (!fetched) return s;
    if (!s.ok()) {
      done = true;
      return s;
    }
    f.fetching = false;
    f.waits_until = now + (f.torn ? dice_.what().delay_time : f.told_late_by);
  }
  if (now < f.waits_until) return {};
  if (f.torn) {
    f.torn = false;
    f.fetching = true;
    const status s = fetch(f, f.other_from, f.other_to);
    done = !s.ok();
    return s;
  }
  if (!f.told && dice_.refuses(call::test)) {
    done = true;
    return planned_failure;
  }
  f.told = true;
  done = true;
  return f.truncated ? status{errc::transport_failure, 0, "read half of what was asked for, as planned"}
                     : status{};
}

status fault_transport::send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept
    try {
  if (dice_.refuses(call::send)) return planned_failure;
  if (!dice_.deals(drop)) return inner().send(to, head, payload, cookie);
  const std::scoped_lock lock(mutex_);
  dropped_.push_back(cookie);  // told to be out by the next progress, and never on its way
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember a dropped message"};
}

bool fault_transport::progress() noexcept {
  bool any = inner().progress();
  std::deque<std::uint64_t> dropped;
  {
    const std::scoped_lock lock(mutex_);
    dropped.swap(dropped_);
  }
  for (const std::uint64_t cookie : dropped) listener().on_sent(cookie, {});
  const std::deque<late_message> due = take_late(false);
  for (const late_message& m : due) listener().on_message(m.from, m.bytes);
  return any || !dropped.empty() || !due.empty();
}

/// Puts a message off. The same time for all, so that the queue stays in order of time.
bool fault_transport::put_off(peer_id from, byte_view message, bool behind_the_next) noexcept try {
  const std::scoped_lock lock(mutex_);
  late_.push_back({std::chrono::steady_clock::now() + dice_.what().delay_time, behind_the_next, from,
                   std::vector<std::byte>(message.begin(), message.end())});
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

std::deque<fault_transport::late_message> fault_transport::take_late(bool next) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  std::deque<late_message> taken;
  const auto is_wanted = [&](const late_message& m) { return next ? m.behind_the_next : m.due <= now; };
  for (late_message& m : late_) {
    if (is_wanted(m)) taken.push_back(std::move(m));
  }
  std::erase_if(late_, is_wanted);
  return taken;
}

void fault_transport::on_message(peer_id from, byte_view message) noexcept {
  if (dice_.deals(truncate)) message = message.first(message.size() / 2);
  const bool twice = dice_.deals(duplicate);
  const bool late = dice_.deals(delay), behind_the_next = dice_.deals(reorder);
  const std::deque<late_message> overtaken = take_late(true);
  if (!((late || behind_the_next) && put_off(from, message, behind_the_next)))
    listener().on_message(from, message);
  if (twice) listener().on_message(from, message);
  for (const late_message& m : overtaken) listener().on_message(m.from, m.bytes);
}

std::unique_ptr<farhold::transport> transport(std::unique_ptr<farhold::transport> inner, const plan& what,
                                              std::shared_ptr<counts> seen) {
  return std::make_unique<fault_transport>(std::move(inner), what, std::move(seen));
}

}  // namespace farhold::fault
