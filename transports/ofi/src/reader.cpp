// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "reader.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <rdma/fi_rma.h>

#include "errors.hpp"

namespace farhold::ofi::detail {

namespace {

constexpr status victim{errc::unreachable, 0, "read by the fabric: its connections were made anew"};
constexpr status not_taken{errc::unreachable, 0, "read by the fabric: it does not connect to the producer"};

}  // namespace

status reader::open(const domain& over) noexcept try {
  over_ = &over;
  chunk_limit_ = std::min<std::uint64_t>(over.info().ep_attr->max_msg_size, largest_chunk);
  operations_ = std::make_unique<operation[]>(most_operations);
  for (std::uint32_t i = 0; i < most_operations; ++i)
    operations_[i].next_free = i + 1 < most_operations ? i + 2 : 0;
  free_.store(1, std::memory_order_relaxed);
  if (const status s = landing_.open(over, most_operations); !s.ok()) return s;
  if (const status s = make_endpoint(); !s.ok()) return s;
  gate_.open();
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "prepare reads by the fabric"};
}

void reader::close() noexcept {
  if (over_ == nullptr) return;
  static_cast<void>(gate_.shut());
  at_.close();
  landing_.close();
  over_ = nullptr;
}

status reader::make_endpoint() noexcept {
  ++epoch_;
  connected_.store(0, std::memory_order_relaxed);
  return over_->open_endpoint(at_);
}

bool reader::wants(const far_arena& from) noexcept {
  if (given_up_.load(std::memory_order_relaxed)) return false;
  if (from.failures.load(std::memory_order_relaxed) >= most_failures) return false;
  return from.epoch.load(std::memory_order_relaxed) != 0 ||
         connected_.load(std::memory_order_relaxed) < most_connected;
}

reader::operation* reader::take() noexcept {
  std::uint64_t head = free_.load(std::memory_order_acquire);
  for (;;) {
    const auto number = static_cast<std::uint32_t>(head);
    if (number == 0) return nullptr;
    operation& one = operations_[number - 1];
    const std::uint64_t next = ((head >> 32U) + 1) << 32U | one.next_free;
    if (free_.compare_exchange_weak(head, next, std::memory_order_acquire)) return &one;
  }
}

void reader::give_back(operation*& used) noexcept {
  operation& one = *std::exchange(used, nullptr);
  one.lands.registered.reset();
  const auto number = static_cast<std::uint32_t>(&one - operations_.get()) + 1;
  std::uint64_t head = free_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    one.next_free = static_cast<std::uint32_t>(head);
    next = ((head >> 32U) + 1) << 32U | number;
  } while (!free_.compare_exchange_weak(head, next, std::memory_order_release));
}

/// Inside the gate. False: the endpoint cannot get to know it.
bool reader::knows(far_arena& to) noexcept {
  if (to.epoch.load(std::memory_order_acquire) == epoch_) [[likely]]
    return true;
  const std::scoped_lock lock(meeting_);
  if (to.epoch.load(std::memory_order_relaxed) == epoch_) return true;
  if (::fi_av_insert(at_.peers.get(), to.what.address.data(), 1, &to.number, 0, nullptr) != 1) return false;
  connected_.fetch_add(1, std::memory_order_relaxed);
  to.epoch.store(epoch_, std::memory_order_release);
  return true;
}

/// Gives the next chunk to the provider, if it takes it.
status reader::post(remote_read& read, pending& p) noexcept {
  const gate::pass inside(gate_);
  if (!inside) return {};
  if (!knows(*p.from)) return {errc::unreachable, 0, "read by the fabric: remember an address"};
  if (p.under_way == nullptr) {
    p.under_way = take();
    if (p.under_way == nullptr) return {};
    const auto which = static_cast<std::size_t>(p.under_way - operations_.get());
    const byte_span wanted(read.destination + p.read_bytes, p.chunk_bytes);
    if (const status s = landing_.begin(which, wanted, p.under_way->lands); !s.ok()) return s;
  }
  operation& one = *p.under_way;
  one.at.store(state::posted, std::memory_order_relaxed);
  posted_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t from = p.from->what.base + read.offset + p.read_bytes;
  const ssize_t code = ::fi_read(at_.end.get(), one.lands.to, p.chunk_bytes, one.lands.description,
                                 p.from->number, from, p.from->what.key, &one.context);
  if (code == 0) return {};
  posted_.fetch_sub(1, std::memory_order_relaxed);
  one.at.store(state::idle, std::memory_order_relaxed);
  return code == -FI_EAGAIN ? status{} : from_fi(code, "read by the fabric");
}

/// Begins the next chunk. On an error nothing is pending.
status reader::advance(remote_read& read, pending& p) noexcept {
  p.chunk_bytes = std::min(chunk_limit_, read.size_bytes - p.read_bytes);
  p.waits_since = {};
  const status s = post(read, p);
  if (s.ok()) return s;
  spoilt_.store(true, std::memory_order_release);
  return drop(p, s);
}

status reader::start(remote_read& read, far_arena& from) noexcept {
  static_assert(sizeof(pending) <= sizeof(remote_read::state));
  auto& p = *new (read.state.data()) pending{.from = &from};
  if (read.offset > from.what.bytes || read.size_bytes > from.what.bytes - read.offset)
    return {errc::corrupt, 0, "read by the fabric: outside the producer's arena"};
  // Not at an endpoint that is known to be dead, whoever has seen it.
  if (spoilt_.load(std::memory_order_acquire)) [[unlikely]]
    renew();
  return advance(read, p);
}

bool reader::is_posted(const pending& p) noexcept {
  return p.under_way != nullptr && p.under_way->at.load(std::memory_order_acquire) != state::idle;
}

/// Tries again, for a while, what the provider has not taken.
status reader::wait_for_provider(remote_read& read, pending& p, bool& done) noexcept {
  static_cast<void>(progress());
  status s = post(read, p);
  if (s.ok() && is_posted(p)) return {};
  const auto now = clock::now();
  if (p.waits_since == clock::time_point{}) p.waits_since = now;
  if (s.ok() && now - p.waits_since < patience) return {};
  done = true;
  if (s.ok()) return drop(p, not_taken);
  spoilt_.store(true, std::memory_order_release);
  return drop(p, s);
}

/// Lets go of what is not posted.
status reader::drop(pending& p, const status& why) noexcept {
  if (p.under_way != nullptr) give_back(p.under_way);
  p.from->failures.fetch_add(1, std::memory_order_relaxed);
  return why;
}

status reader::test(remote_read& read, bool& done) noexcept {
  auto& p = *std::launder(reinterpret_cast<pending*>(read.state.data()));
  done = false;
  if (!is_posted(p)) return wait_for_provider(read, p, done);
  if (p.under_way->at.load(std::memory_order_acquire) == state::posted) {
    static_cast<void>(look());
    if (p.under_way->at.load(std::memory_order_acquire) == state::posted) return {};
  }
  const status outcome = p.under_way->outcome;
  if (outcome.ok()) landing_.end(p.under_way->lands, {read.destination + p.read_bytes, p.chunk_bytes});
  p.under_way->at.store(state::idle, std::memory_order_relaxed);
  give_back(p.under_way);
  if (!outcome.ok()) {
    if (outcome.where != victim.where) p.from->failures.fetch_add(1, std::memory_order_relaxed);
    done = true;
    return outcome;
  }
  if (p.from->failures.load(std::memory_order_relaxed) != 0)
    p.from->failures.store(0, std::memory_order_relaxed);
  p.read_bytes += p.chunk_bytes;
  done = p.read_bytes == read.size_bytes;
  if (done) return {};
  const status next = advance(read, p);
  done = !next.ok();
  return next;
}

void reader::finish(operation& one, const status& outcome) noexcept {
  one.outcome = outcome;
  posted_.fetch_sub(1, std::memory_order_relaxed);
  one.at.store(state::over, std::memory_order_release);
}

/// Takes a few completions, of whomever.
bool reader::look() noexcept {
  const gate::pass inside(gate_);
  if (!inside) return false;
  std::array<fi_cq_entry, 16> ended{};
  const ssize_t count = ::fi_cq_read(at_.completions.get(), ended.data(), ended.size());
  for (ssize_t i = 0; i < count; ++i)
    finish(*static_cast<operation*>(ended[static_cast<std::size_t>(i)].op_context), {});
  if (count != -FI_EAVAIL) return count > 0;
  fi_cq_err_entry failure{};
  if (::fi_cq_readerr(at_.completions.get(), &failure, 0) <= 0) return false;
  spoilt_.store(true, std::memory_order_release);
  const status why = from_fi(failure.err, "read by the fabric");
  if (failure.op_context != nullptr)  // a failure without a reason is none the less no success
    finish(*static_cast<operation*>(failure.op_context), why.ok() ? victim : why);
  return true;
}

/// Makes the endpoint anew if it must be, and nobody is at it.
void reader::renew() noexcept {
  const bool crowded = connected_.load(std::memory_order_relaxed) >= most_connected &&
                       posted_.load(std::memory_order_relaxed) == 0;
  if (!spoilt_.load(std::memory_order_acquire) && !crowded) return;
  if (renewing_.exchange(true, std::memory_order_acquire)) return;
  if (!given_up_.load(std::memory_order_relaxed) && gate_.shut()) {
    at_.close();
    for (std::size_t i = 0; i < most_operations; ++i) {
      if (operations_[i].at.load(std::memory_order_relaxed) == state::posted) finish(operations_[i], victim);
    }
    spoilt_.store(false, std::memory_order_relaxed);
    if (make_endpoint().ok()) {
      gate_.open();
    } else {
      given_up_.store(true, std::memory_order_relaxed);
    }
  }
  renewing_.store(false, std::memory_order_release);
}

bool reader::progress() noexcept {
  const bool any = look();
  renew();
  return any;
}

bool reader::is_settled() const noexcept {
  return !spoilt_.load(std::memory_order_acquire) || given_up_.load(std::memory_order_relaxed);
}

}  // namespace farhold::ofi::detail
