// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "fault_transport.hpp"

#include <cstring>
#include <new>

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
  f.fetched_to = to;
  return inner().start(f.inner);
}

status fault_transport::start(remote_read& read) noexcept try {
  const plan& p = dice_.what();
  if (dice_.refuses(call::start)) return planned_failure;
  auto made = std::make_unique<faulty_read>();
  made->whole = read;
  const std::uint64_t half = read.size_bytes / 2;
  made->truncated = half > 0 && dice_.roll(p.truncate);
  made->torn = half > 0 && !made->truncated && dice_.roll(p.tear);
  if (dice_.roll(p.delay) || dice_.roll(p.reorder)) made->told_late_by = p.delay_time;
  if (dice_.roll(p.drop)) made->told_late_by = p.lost_time;
  const bool half_only = made->truncated || made->torn;
  if (const status s = fetch(*made, 0, half_only ? half : read.size_bytes); !s.ok()) return s;
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
    const status s = fetch(f, f.fetched_to, f.whole.size_bytes);
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
  if (!dice_.roll(dice_.what().drop)) return inner().send(to, head, payload, cookie);
  const std::scoped_lock lock(mutex_);
  dropped_.push_back(cookie);  // told to be out by the next progress, and never on its way
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "remember a dropped message"};
}

bool fault_transport::progress() noexcept {
  bool any = inner().progress();
  std::deque<std::uint64_t> dropped;
  std::deque<late_message> due;
  {
    const std::scoped_lock lock(mutex_);
    dropped.swap(dropped_);
    const auto now = std::chrono::steady_clock::now();
    while (!late_.empty() && late_.front().due <= now) {
      due.push_back(std::move(late_.front()));
      late_.pop_front();
    }
  }
  for (const std::uint64_t cookie : dropped) listener().on_sent(cookie, {});
  for (const late_message& m : due) listener().on_message(m.from, m.bytes);
  return any || !dropped.empty() || !due.empty();
}

/// Puts a message off. The same time for all, so that the queue stays in order of time.
bool fault_transport::put_off(peer_id from, byte_view message) noexcept try {
  const std::scoped_lock lock(mutex_);
  late_.push_back({std::chrono::steady_clock::now() + dice_.what().delay_time, from,
                   std::vector<std::byte>(message.begin(), message.end())});
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void fault_transport::on_message(peer_id from, byte_view message) noexcept {
  const plan& p = dice_.what();
  if (dice_.roll(p.truncate)) message = message.first(message.size() / 2);
  const bool twice = dice_.roll(p.duplicate);
  // Later than the next one, or later than anything: to the listener it is the same.
  if (!((dice_.roll(p.delay) || dice_.roll(p.reorder)) && put_off(from, message))) {
    listener().on_message(from, message);
  }
  if (twice) listener().on_message(from, message);
}

std::unique_ptr<farhold::transport> transport(std::unique_ptr<farhold::transport> inner, const plan& what) {
  return std::make_unique<fault_transport>(std::move(inner), what);
}

}  // namespace farhold::fault
