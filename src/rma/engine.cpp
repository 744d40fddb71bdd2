// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "engine.hpp"

#include <array>
#include <charconv>
#include <new>
#include <system_error>

#include <farhold/log.hpp>

#include "waiting.hpp"

namespace farhold::rma {

namespace {

constexpr status closed_here{errc::closed, 0, "use a closed connector"};

constexpr std::string_view after_scheme = "://";
constexpr std::size_t incarnation_digits = 16;

}  // namespace

/// Counts the calls that are inside, so that close can let them end.
class engine::call_guard {
 public:
  explicit call_guard(engine& e) noexcept : engine_(e) {
    engine_.calls_.fetch_add(1, std::memory_order_seq_cst);
  }
  call_guard(const call_guard&) = delete;
  call_guard& operator=(const call_guard&) = delete;
  ~call_guard() { engine_.calls_.fetch_sub(1, std::memory_order_release); }
  [[nodiscard]] bool may_go_on() const noexcept { return !engine_.closing_.load(std::memory_order_seq_cst); }

 private:
  engine& engine_;
};

engine::engine(std::unique_ptr<transport> fabric, const options& options)
    : fabric_(std::move(fabric)),
      options_(options),
      producer_(*fabric_, random_number()),
      consumer_(*fabric_, producer_, options_) {}

engine::~engine() {
  progress_.stop();  // it may be the one that closes, see on_fabric_ending
  // Peers may read the arena, and reads of ours may land, until the fabric has said otherwise in close.
  if (!exposed_) return;
  producer_.leak();
  consumer_.held().leak();
}

status engine::open() noexcept {
  const status mine = producer_.open(options_);
  static const arena nothing;
  const arena& memory = mine.ok() ? producer_.memory().first() : nothing;
  card shown = memory.description();
  shown.grace_ns = static_cast<std::uint64_t>(options_.grace.count());
  // Peers learn of a failure here by the transport's agreement, so that all fail or none.
  if (const status s = fabric_->open(memory.memory(), shown.encode(), mine, *this, options_.timeout);
      !s.ok()) {
    return s;
  }
  exposed_ = true;
  if (const status s = name_store(); !s.ok()) return s;
  if (const status s = consumer_.meet_peers(); !s.ok()) return s;
  opened_.store(true, std::memory_order_release);
  if (!options_.progress_thread) return {};
  try {
    progress_.start(*fabric_, consumer_.held(), producer_);
  } catch (const std::system_error& problem) {
    return {errc::out_of_memory, problem.code().value(), "start the progress thread"};
  }
  return {};
}

/// Where other processes have not met this one, the store's URI says how to: scheme://ADDRESS.INCARNATION.
status engine::name_store() noexcept try {
  const std::string address = fabric_->address();
  if (!address.empty()) options_.uri = uri_of(address, producer_.memory().first().description().incarnation);
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "name the store"};
}

std::string engine::uri_of(const std::string& address, std::uint64_t incarnation) const {
  std::array<char, incarnation_digits> digits;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, incarnation >>= 4U)
    *at = "0123456789abcdef"[incarnation & 0xFU];
  std::string uri(fabric_->name());
  return uri.append(after_scheme).append(address).append(".").append(digits.begin(), digits.end());
}

void engine::introduce(std::string_view uri) noexcept {
  const call_guard guard(*this);
  const std::string_view scheme = fabric_->name();
  if (!guard.may_go_on() || !uri.starts_with(scheme)) return;
  uri.remove_prefix(scheme.size());
  if (!uri.starts_with(after_scheme)) return;
  uri.remove_prefix(after_scheme.size());
  if (uri.size() <= incarnation_digits + 1 || uri[uri.size() - incarnation_digits - 1] != '.') return;
  const std::string_view digits = uri.substr(uri.size() - incarnation_digits);
  std::uint64_t incarnation = 0;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), incarnation, 16);
  if (problem != std::errc{} || end != digits.end() || incarnation == 0) return;
  // Nobody waits for the outcome. A read that finds the producer unknown says so.
  static_cast<void>(consumer_.introduce(uri.substr(0, uri.size() - incarnation_digits - 1), incarnation));
}

std::string engine::origin(const key& object) const {
  const peer* const holder = consumer_.holder_of(object);
  if (holder == nullptr || holder->id() == fabric_->self()) return {};
  const std::string address = fabric_->address_of(holder->id());
  return address.empty() ? std::string() : uri_of(address, holder->incarnation());
}

status engine::close(std::chrono::nanoseconds timeout) noexcept {
  if (closing_.exchange(true, std::memory_order_seq_cst)) return closed_here;
  if (!opened_.load(std::memory_order_acquire)) return {};
  const deadline until(timeout);
  if (!wait_for(*fabric_, until, [&] { return calls_.load(std::memory_order_seq_cst) == 0; })) {
    // A call that is still inside uses the fabric: it is left to its end, and serves until then.
    detail::log("a connector could not be closed: a call of it did not end in time");
    producer_.memory().end_lent();
    return {errc::timeout, 0, "wait for calls that are under way"};
  }
  progress_.stop();
  producer_.memory().end_lent();  // no fabric ever reads what is lent: it is given back whatever comes
  // The fabric does not end while a read of ours is pending, and nobody else asks after these any more.
  const bool drained = consumer_.drain_quarantine(until);
  // Others may still be reading; the transport serves them while it waits for them to come here too.
  fabric_left_.store(true, std::memory_order_release);
  status ended = fabric_->close(until.left());
  if (ended.ok() && (!drained || !producer_.service().idle())) {
    ended = {errc::timeout, 0, "wait for reads that are under way"};
  }
  if (ended.ok()) {
    exposed_ = false;
    producer_.shut();
  } else {
    // The fabric may still read the arena: it stays, better lost than reused under its eyes.
    detail::log("a connector could not be closed in time; its arena stays allocated until the process ends");
  }
  return ended;
}

void engine::on_fabric_ending() noexcept {
  constexpr std::chrono::seconds patience{5};
  if (!closed()) {
    detail::log(
        "the fabric is being shut down before close(): closing now; call store.close() on all processes "
        "first");
    static_cast<void>(close(patience));
  } else if (!fabric_left_.exchange(true)) {
    // A close that had to leave the fabric to a call: that call's thread is out of it now, or never will be.
    static_cast<void>(fabric_->close(patience));
  }
}

void engine::on_message(peer_id from, byte_view bytes) noexcept {
  message m;
  if (!message::decode(bytes, m).ok()) return producer_.service().refuse();
  switch (m.what) {
    case message::kind::read:
    case message::kind::exists:
    case message::kind::evict: return producer_.service().answer(from, m);
    case message::kind::answer:
    case message::kind::fragment: return consumer_.on_reply(from, m);
  }
}

void engine::on_sent(std::uint64_t cookie, status outcome) noexcept {
  producer_.service().on_sent(cookie, outcome);
}

status engine::reserve_batch(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                             std::span<reservation> out) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  return producer_.reserve(sizes_bytes, limits, out);
}

status engine::publish_batch(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  producer_.publish(rooms, type, out);
  return {};
}

status engine::adopt(const resident& object, type_id type, key& out) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  return producer_.adopt(object, type, out);
}

status engine::get(const key& object, landing& where, const call_limits& limits,
                   read_report& report) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  return consumer_.get(object, where, limits, report);
}

void engine::get_batch(std::span<read_request> requests) noexcept {
  const call_guard guard(*this);
  if (guard.may_go_on()) return consumer_.get_batch(requests);
  for (read_request& r : requests) r.outcome = closed_here;
}

status engine::exists(const key& object, const call_limits& limits, bool& answer) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  return consumer_.exists(object, limits, answer);
}

status engine::evict(const key& object, const call_limits& limits) noexcept {
  const call_guard guard(*this);
  if (!guard.may_go_on()) return closed_here;
  const status s = consumer_.evict(object, limits);
  if (producer_.waits_to_release()) progress_.wake();  // a thread that sleeps on events has to see to it
  return s;
}

void engine::exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  const call_guard guard(*this);
  if (guard.may_go_on()) return consumer_.exists_batch(requests, limits);
  for (key_request& r : requests) r.outcome = closed_here;
}

void engine::evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  const call_guard guard(*this);
  if (guard.may_go_on()) {
    consumer_.evict_batch(requests, limits);
    if (producer_.waits_to_release()) progress_.wake();
    return;
  }
  for (key_request& r : requests) r.outcome = closed_here;
}

void engine::collect(metrics& m) const noexcept {
  producer_.collect(m);
  consumer_.collect(m);
}

}  // namespace farhold::rma
