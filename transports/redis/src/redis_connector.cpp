// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "redis_connector.hpp"

#include <cstdlib>
#include <new>
#include <utility>

#include <sys/random.h>

#include "address.hpp"
#include "counted.hpp"
#include "errors.hpp"

namespace farhold::redis {

namespace {

constexpr std::align_val_t alignment{64};
constexpr std::size_t most_at_once = 128;                              // commands of one round trip
constexpr std::uint64_t most_bytes_at_once = std::uint64_t{4} << 20U;  // and what they carry

constexpr status closed{errc::closed, 0, "use a closed redis store"};
constexpr status never_there{errc::not_found, 0, "find the object: no redis store has made its key"};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

connection::identity identity_of(const options& how) {
  connection::identity who{how.user, how.password, how.database};
  if (!who.password.empty()) return who;
  who.password = environment("FARHOLD_REDIS_PASSWORD");
  if (who.user.empty()) who.user = environment("FARHOLD_REDIS_USER");
  return who;
}

const options& checked(const options& how) {
  if (how.chunk_bytes < least_chunk_bytes || how.chunk_bytes > most_chunk_bytes ||
      how.chunk_bytes % 1024 != 0) {
    throw error(errc::invalid_argument,
                "a redis store's chunk is from 64 KiB to 256 MiB, in whole KiB; it was " +
                    std::to_string(how.chunk_bytes) + " bytes");
  }
  return how;
}

status draw(std::array<std::byte, 16>& name) noexcept {
  if (::getrandom(name.data(), name.size(), 0) == ssize_t{sizeof name}) return {};
  return {errc::transport_failure, 0, "draw a random name"};
}

/// Memory for one object, and what was said of the time that it may take.
struct room {
  explicit room(const call_limits& caller) : limits(caller.timeout, caller.stop) {}
  call_limits limits;
};

room& room_of(const reservation& reserved) noexcept { return *reinterpret_cast<room*>(reserved.handle); }

}  // namespace

redis_connector::redis_connector(const options& how)
    : uri_(uri_of(how)), how_(checked(how)), pool_(how_, identity_of(how_)) {
  how_.password.clear();
  constexpr std::chrono::seconds patience_for_opening{5};
  if (const status s = pool_.try_once(patience(patience_for_opening)); !s.ok()) {
    throw error(s.code,
                std::string("cannot open a redis store: ") + s.where + "; " + cure_of(s, "'" + uri_ + "'"));
  }
}

connector_capabilities redis_connector::capabilities() const noexcept {
  return {.other_processes = true,
          .outlives_producer = true,
          .counts_reads = true,
          .promises_keys = true,
          .max_object_bytes = how_.chunk_bytes * most_chunks};
}

// Rooms.

status redis_connector::reserve(std::uint64_t size_bytes, const call_limits& limits,
                                reservation& out) noexcept {
  if (closed_) return closed;
  if (size_bytes > how_.chunk_bytes * most_chunks)
    return {errc::out_of_memory, 0, "find room for the object"};
  constexpr std::size_t head = 64;
  static_assert(sizeof(room) <= head);
  if (size_bytes > SIZE_MAX - head) return {errc::out_of_memory, 0, "allocate the object"};
  void* const memory = ::operator new(head + size_bytes, alignment, std::nothrow);
  if (memory == nullptr) return {errc::out_of_memory, 0, "allocate the object"};
  out = {.memory = byte_span(static_cast<std::byte*>(memory) + head, size_bytes),
         .handle = reinterpret_cast<std::uintptr_t>(new (memory) room(limits))};
  return {};
}

void redis_connector::abandon(const reservation& reserved) noexcept {
  room_of(reserved).~room();
  ::operator delete(reinterpret_cast<void*>(reserved.handle), alignment);
}

status redis_connector::name(const reservation& reserved, object& out) const noexcept {
  out = {.size_bytes = reserved.memory.size(), .chunk_bytes = how_.chunk_bytes, .reads = reserved.reads};
  if (reserved.promised != nullptr) {
    const auto promised = object_of(*reserved.promised);
    if (!promised) return never_there;
    out.name = promised->name;
    return {};
  }
  return draw(out.name);
}

status redis_connector::promise(std::uint64_t size_bytes, type_id type, const call_limits& limits,
                                key& out) noexcept {
  if (closed_) return closed;
  object what{.size_bytes = size_bytes, .chunk_bytes = how_.chunk_bytes};
  if (const status s = draw(what.name); !s.ok()) return s;
  const status s = pool_.with(patience(limits), [&](connection& c, bool) {
    what.database = c.database_id();
    return status{};
  });
  if (s.ok()) out = key_of(what, type);
  return s;
}

status redis_connector::publish(const reservation& reserved, type_id type, key& out) noexcept {
  const status s = store_some({&reserved, 1}, type, {&out, 1});
  if (s.ok()) abandon(reserved);
  return s;
}

status redis_connector::publish_batch(std::span<const reservation> rooms, type_id type,
                                      std::span<key> out) noexcept {
  status outcome;
  std::size_t done = 0;
  while (outcome.ok() && done < rooms.size()) {
    std::size_t some = 0;
    for (std::uint64_t bytes = 0; some < most_at_once && done + some < rooms.size(); ++some) {
      bytes += rooms[done + some].memory.size();
      if (some > 0 && bytes > most_bytes_at_once) break;
    }
    outcome = store_some(rooms.subspan(done, some), type, out.subspan(done, some));
    if (outcome.ok()) done += some;
  }
  if (!outcome.ok()) {
    std::vector<object> undone;
    try {
      for (const key& made : out.first(done)) undone.push_back(object_of(made).value());
      undo(undone, outcome, patience(room_of(rooms.front()).limits));
    } catch (const std::bad_alloc&) {  // they stay, and nobody knows their keys
    }
  }
  for (const reservation& one : rooms) abandon(one);
  return outcome;
}

status redis_connector::store_some(std::span<const reservation> rooms, type_id type,
                                   std::span<key> out) noexcept try {
  if (closed_) return closed;
  std::vector<piece_to_store> all(rooms.size());
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    if (const status s = name(rooms[i], all[i].what); !s.ok()) return s;
    all[i].bytes = rooms[i].memory;
  }
  const patience caller(room_of(rooms.front()).limits);
  if (in_debt_) pay_debts(caller);
  const status outcome = pool_.with(caller, [&](connection& c, bool) {
    for (piece_to_store& one : all) one.what.database = c.database_id();
    const bool small = all.front().what.chunks() == 1;
    if (all.size() == 1 && !small) return store_large(c, all.front(), how_.time_to_live, caller);
    std::size_t from = 0;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      const bool large = i < all.size() && all[i].what.chunks() > 1;
      if (i < all.size() && !large) continue;
      const status s = store_small(c, std::span(all).subspan(from, i - from), how_.time_to_live, caller);
      if (!s.ok()) return s;
      if (large) {
        if (const status t = store_large(c, all[i], how_.time_to_live, caller); !t.ok()) return t;
      }
      from = i + 1;
    }
    return status{};
  });
  if (outcome.ok()) {
    for (std::size_t i = 0; i < all.size(); ++i) out[i] = key_of(all[i].what, type);
    return {};
  }
  std::vector<object> undone;
  undone.reserve(all.size());
  for (const piece_to_store& one : all) undone.push_back(one.what);
  undo(undone, outcome, caller);
  return outcome;
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "write a request"};
}

/// Removes what may have been stored of a publication that failed: now, or when the server is there again.
void redis_connector::undo(std::span<const object> undone, const status& why, const patience& caller) {
  const bool there =
      why.code != errc::unreachable && why.code != errc::timeout && why.code != errc::cancelled;
  if (there && remove_silently(undone, caller).ok()) return;
  constexpr std::size_t most_debts = 4096;  // beyond that they stay; nobody knows their keys
  const std::scoped_lock lock(debts_mutex_);
  const std::size_t some = std::min(undone.size(), most_debts - std::min(most_debts, debts_.size()));
  debts_.insert(debts_.end(), undone.begin(), undone.begin() + static_cast<std::ptrdiff_t>(some));
  in_debt_ = true;
}

void redis_connector::pay_debts(const patience& caller) {
  std::vector<object> debts;
  {
    const std::scoped_lock lock(debts_mutex_);
    debts.swap(debts_);
    in_debt_ = false;
  }
  if (remove_silently(debts, caller).ok()) return;
  const std::scoped_lock lock(debts_mutex_);
  debts_.insert(debts_.end(), debts.begin(), debts.end());
  in_debt_ = true;
}

status redis_connector::remove_silently(std::span<const object> all, const patience& caller) {
  return pool_.with(caller, [&](connection& c, bool) noexcept -> status {
    try {
      request& removes = c.begin();
      for (const object& what : all) ask_to_remove(removes, what);
    } catch (const std::bad_alloc&) {
      return {errc::out_of_memory, 0, "write a request"};
    }
    if (const status s = c.send(caller); !s.ok()) return s;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::int64_t ignored = 0;
      const status s = c.read_number(ignored, caller);
      if (!s.ok() && c.is_spoiled()) return s;
    }
    return {};
  });
}

// Reads.

status redis_connector::find(const key& from, object& out) const noexcept {
  if (closed_) return closed;
  const auto named = object_of(from);
  if (!named) return never_there;
  out = *named;
  return {};
}

/// What it means that an object is not there.
status redis_connector::absent(const connection& c, const object& what) noexcept {
  if (c.database_id() == what.database) return {errc::stale, 0, "find the object"};
  return {errc::producer_lost, 0,
          "find the object: the server is not, or no longer, the one that was given it"};
}

status redis_connector::get(const key& from, landing& where, const call_limits& limits,
                            read_report& report) noexcept {
  read_request one{.object = &from, .where = &where, .limits = limits};
  get_batch({&one, 1});
  report = one.report;
  return one.outcome;
}

void redis_connector::get_batch(std::span<read_request> requests) noexcept {
  std::size_t done = 0;
  while (done < requests.size()) {
    read_request& first = requests[done];
    first.report.way = path::storage;
    object what;
    first.outcome = find(*first.object, what);
    if (!first.outcome.ok()) {
      ++done;
      continue;
    }
    const patience caller(first.limits);
    const std::size_t before = done;
    const bool alone = what.chunks() > 1 || what.reads > 0;
    const status s = what.reads > 0 ? load_counted(what, *first.where, caller)
                                    : pool_.with(caller, [&](connection& c, bool) {
                                        if (!alone) return load_some(c, requests, done, caller);
                                        const status loaded = load_large(c, what, *first.where, caller);
                                        return loaded.code == errc::not_found ? absent(c, what) : loaded;
                                      });
    // Of a group, what was answered stays so; the one in whose turn it ended is told why.
    if (alone || (!s.ok() && done == before)) requests[done++].outcome = s;
  }
}

/// One that ends with its last read: takes a place, reads, and says that it is done.
status redis_connector::load_counted(const object& what, landing& where, const patience& caller) noexcept {
  const read_name mine(consumer_, ++reads_begun_);
  bool landed = false;
  const status outcome = pool_.with(caller, [&](connection& c, bool) -> status {
    if (!landed) {
      status s = begin_read(c, what, mine, caller);
      if (!s.ok()) return s.code == errc::not_found ? absent(c, what) : s;
      s = what.chunks() > 1 ? load_large(c, what, where, caller) : load_one(c, what, where, caller);
      if (s.code == errc::unreachable) return s;
      if (!s.ok()) {
        bool ignored = false;
        if (c.usable()) static_cast<void>(end_read(c, what, mine, false, ignored, caller));
        return s.code == errc::not_found ? absent(c, what) : s;
      }
      landed = true;
    }
    bool ended = false;
    const status s = end_read(c, what, mine, true, ended, caller);
    if (ended) ++evicted_;
    return s;
  });
  // The bytes are here. That nobody could be told so ends with the lease.
  return landed ? status{} : outcome;
}

/// Reads small objects from `done` on, in one round trip, and counts them as done. An error is of the
/// connection.
status redis_connector::load_some(connection& c, std::span<read_request> requests, std::size_t& done,
                                  const patience& caller) noexcept try {
  std::array<object, most_at_once> asked;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  request& all = c.begin();
  for (; count < most_at_once && done + count < requests.size(); ++count) {
    object& what = asked[count];
    if (!find(*requests[done + count].object, what).ok() || what.chunks() > 1 || what.reads > 0) break;
    bytes += what.size_bytes;
    if (count > 0 && bytes > most_bytes_at_once) break;
    ask_for_small(all, what);
  }
  if (const status s = c.send(caller); !s.ok()) return s;
  for (std::size_t i = 0; i < count; ++i) {
    read_request& one = requests[done];
    one.report.way = path::storage;
    status s = load_small(c, asked[i], *one.where, caller);
    if (s.code == errc::unreachable || s.code == errc::timeout || s.code == errc::cancelled) return s;
    if (s.code == errc::not_found) s = absent(c, asked[i]);
    one.outcome = s;
    ++done;
    if (!s.ok() && !c.usable() && i + 1 == count) return s;
    if (!s.ok() && c.is_spoiled()) return s;  // the others are asked for again
  }
  return {};
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "write a request"};
}

// The rest.

status redis_connector::exists(const key& from, const call_limits& limits, bool& answer) noexcept {
  key_request one{.object = &from};
  exists_batch({&one, 1}, limits);
  answer = one.exists;
  return one.outcome;
}

status redis_connector::evict(const key& from, const call_limits& limits) noexcept {
  key_request one{.object = &from};
  evict_batch({&one, 1}, limits);
  return one.outcome;
}

template <class Ask, class Answer>
void redis_connector::for_each(std::span<key_request> requests, const call_limits& limits, Ask ask,
                               Answer answer) noexcept {
  const patience caller(limits);
  for (std::size_t done = 0; done < requests.size();) {
    const std::span<key_request> some =
        requests.subspan(done).first(std::min(most_at_once, requests.size() - done));
    std::array<object, most_at_once> asked;
    for (std::size_t i = 0; i < some.size(); ++i) some[i].outcome = find(*some[i].object, asked[i]);
    std::size_t next = 0;  // the first one that was not answered
    const status s = pool_.with(caller, [&](connection& c, bool repeated) noexcept -> status {
      try {
        request& all = c.begin();
        for (std::size_t i = next; i < some.size(); ++i) {
          if (some[i].outcome.ok()) ask(all, asked[i]);
        }
      } catch (const std::bad_alloc&) {
        return {errc::out_of_memory, 0, "write a request"};
      }
      if (const status sent = c.send(caller); !sent.ok()) return sent;
      for (; next < some.size(); ++next) {
        if (!some[next].outcome.ok()) continue;
        std::int64_t number = 0;
        const status told = c.read_number(number, caller);
        if (c.is_spoiled() || told.code == errc::unreachable) return told;
        some[next].outcome = told.ok() ? answer(c, some[next], asked[next], number, repeated) : told;
      }
      return {};
    });
    for (; !s.ok() && next < some.size(); ++next) {
      if (some[next].outcome.ok()) some[next].outcome = s;
    }
    done += some.size();
  }
}

void redis_connector::exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  for_each(
      requests, limits,
      [](request& all, const object& what) {
        all.command(2).word("EXISTS").word(chunk_name(what, 0).text());
      },
      [](const connection&, key_request& one, const object&, std::int64_t number, bool) {
        one.exists = number != 0;
        return status{};
      });
  for (key_request& one : requests) {
    if (one.outcome.code == errc::not_found) one.outcome = {};  // what no such store has made is not there
  }
}

void redis_connector::evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  for_each(
      requests, limits, [](request& all, const object& what) { ask_to_remove(all, what); },
      [this](const connection& c, key_request&, const object& what, std::int64_t number, bool repeated) {
        // After an answer that was lost nobody knows whether it was we who ended it; it has ended.
        if (number == 0 && !repeated) return absent(c, what);
        ++evicted_;
        return status{};
      });
}

status redis_connector::close(std::chrono::nanoseconds) noexcept {
  closed_ = true;
  pool_.drop();
  return {};
}

std::string redis_connector::cure(const status& problem) const {
  if (problem.code == errc::closed) return {};
  return cure_of(problem, "'" + uri_ + "'");
}

std::unique_ptr<farhold::connector> connector(const options& how) {
  return std::make_unique<redis_connector>(how);
}

std::unique_ptr<farhold::connector> open(uri& address) { return connector(options_of(address)); }

}  // namespace farhold::redis

/// Called by the core's registry when it is made, in programs that link this library.
extern "C" void farhold_redis_add_schemes(farhold::registry& to) {
  for (const char* const scheme : {"redis", "rediss", "unix"}) to.add_scheme(scheme, farhold::redis::open);
}
