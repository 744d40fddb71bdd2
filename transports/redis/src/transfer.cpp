// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "transfer.hpp"

#include <algorithm>
#include <new>

#include "errors.hpp"

namespace farhold::redis {

namespace {

constexpr status no_memory{errc::out_of_memory, 0, "write a request"};
constexpr status no_landing{errc::out_of_memory, 0, "allocate landing memory"};
constexpr status not_there{errc::not_found, 0, "find the object"};
constexpr status other_size{errc::corrupt, 0, "read the object: it has not the size that its key names"};

/// So long may pass between two pieces of an object before others take its writer for dead.
constexpr std::int64_t patience_for_writer_ms = 600'000;

void ask_to_set(request& all, std::string_view name, byte_view bytes, std::int64_t end_ms) {
  all.command(end_ms > 0 ? 5 : 3).word("SET").word(name).payload(bytes);
  if (end_ms > 0) all.word("PX").word(end_ms);
}

/// The header of a bulk string that must be so long, or be absent.
status read_head(connection& c, std::uint64_t size_bytes, const patience& caller) noexcept {
  reply answer;
  if (const status s = c.read(answer, caller); !s.ok()) return s;
  if (answer.what == reply::kind::error) return answer.problem;
  if (answer.what == reply::kind::nil) return not_there;
  if (answer.what != reply::kind::bulk) return not_redis;
  return static_cast<std::uint64_t>(answer.number) == size_bytes ? status{} : other_size;
}

/// Whether all pieces are there, at their sizes: before any memory is asked for, since a size may be a lie.
status expect_sizes(connection& c, const object& what, const patience& caller) {
  constexpr std::uint64_t at_once = 256;
  const std::uint64_t count = what.chunks();
  status outcome;
  for (std::uint64_t from = 0; from < count; from += at_once) {
    const std::uint64_t end = std::min(count, from + at_once);
    request& sizes = c.begin();
    for (std::uint64_t i = from; i < end; ++i)
      sizes.command(2).word("STRLEN").word(chunk_name(what, i).text());
    if (const status s = c.send(caller); !s.ok()) return s;
    for (std::uint64_t i = from; i < end; ++i) {
      std::int64_t size = 0;
      if (const status s = c.read_number(size, caller); !s.ok()) return s;
      if (!outcome.ok()) continue;
      if (size == 0) outcome = not_there;
      if (size != 0 && static_cast<std::uint64_t>(size) != what.bytes_of(i)) outcome = other_size;
    }
    if (!outcome.ok()) return outcome;
  }
  return outcome;
}

}  // namespace

status store_small(connection& c, std::span<const piece_to_store> all, std::chrono::milliseconds time_to_live,
                   const patience& caller) noexcept try {
  request& sets = c.begin();
  for (const piece_to_store& one : all) {
    ask_to_set(sets, chunk_name(one.what, 0).text(), one.bytes, time_to_live.count());
  }
  if (const status s = c.send(caller); !s.ok()) return s;
  status outcome;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const status s = c.read_ok(caller);
    if (!s.ok() && !c.usable() && s.code == errc::unreachable) return s;
    if (outcome.ok()) outcome = s;
  }
  return outcome;
} catch (const std::bad_alloc&) {
  return no_memory;
}

status store_large(connection& c, const piece_to_store& one, std::chrono::milliseconds time_to_live,
                   const patience& caller) noexcept try {
  const std::uint64_t count = one.what.chunks();
  const auto bytes_of = [&](std::uint64_t i) {
    return one.bytes.subspan(one.what.begin_of(i), one.what.bytes_of(i));
  };
  for (std::uint64_t i = 1; i < count; ++i) {
    ask_to_set(c.begin(), chunk_name(one.what, i).text(), bytes_of(i), patience_for_writer_ms);
    if (const status s = c.send(caller); !s.ok()) return s;
    if (const status s = c.read_ok(caller); !s.ok()) return s;
  }
  request& all = c.begin();
  all.command(1).word("MULTI");
  for (std::uint64_t i = 1; i < count; ++i) {
    if (time_to_live.count() > 0) {
      all.command(3).word("PEXPIRE").word(chunk_name(one.what, i).text()).word(time_to_live.count());
    } else {
      all.command(2).word("PERSIST").word(chunk_name(one.what, i).text());
    }
  }
  ask_to_set(all, chunk_name(one.what, 0).text(), bytes_of(0), time_to_live.count());
  all.command(1).word("EXEC");
  if (const status s = c.send(caller); !s.ok()) return s;
  // "OK", "QUEUED" for each, and then the results of each.
  status outcome;
  for (std::uint64_t i = 0; i < count + 1; ++i) {
    const status s = c.read_ok(caller);
    if (outcome.ok()) outcome = s;
    if (s.code == errc::unreachable) return s;
  }
  reply answer;
  if (const status s = c.read(answer, caller); !s.ok()) return s;
  if (answer.what == reply::kind::error) return outcome.ok() ? answer.problem : outcome;
  if (answer.what != reply::kind::array || answer.number != static_cast<std::int64_t>(count))
    return not_redis;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (const status s = c.read(answer, caller); !s.ok()) return s;
    if (answer.what == reply::kind::error && outcome.ok()) outcome = answer.problem;
    // A piece that is not there any more: this process was slower than anybody waits.
    if (answer.what == reply::kind::number && answer.number == 0 && outcome.ok())
      outcome = {errc::timeout, 0, "store the object: its first pieces have expired meanwhile"};
  }
  return outcome;
} catch (const std::bad_alloc&) {
  return no_memory;
}

status load_large(connection& c, const object& what, landing& where, const patience& caller) noexcept try {
  if (const status s = expect_sizes(c, what, caller); !s.ok()) return s;
  // Nothing is written there after this call, so that the memory may be the caller's own.
  std::byte* const memory = where.prepare_revocable(what.size_bytes);
  if (memory == nullptr) return no_landing;
  // The next piece is asked for while this one comes; the server keeps no more than two of them.
  const std::uint64_t count = what.chunks();
  const auto ask_for = [&](std::uint64_t i) {
    c.begin().command(2).word("GET").word(chunk_name(what, i).text());
    return c.send(caller);
  };
  if (const status s = ask_for(0); !s.ok()) return s;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i + 1 < count) {
      if (const status s = ask_for(i + 1); !s.ok()) return s;
    }
    if (const status s = read_head(c, what.bytes_of(i), caller); !s.ok()) return s;
    const byte_span part(memory + what.begin_of(i), what.bytes_of(i));
    if (const status s = c.read_bytes(part, caller); !s.ok()) return s;
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory;
}

void ask_for_small(request& all, const object& what) {
  all.command(2).word("GET").word(chunk_name(what, 0).text());
}

status load_small(connection& c, const object& what, landing& where, const patience& caller) noexcept {
  // The size is known to be true, and at most that of a piece, before any memory is asked for.
  if (const status s = read_head(c, what.size_bytes, caller); !s.ok()) return s;
  std::byte* const memory = where.prepare_revocable(what.size_bytes);
  if (memory == nullptr && what.size_bytes > 0) return no_landing;
  return c.read_bytes({memory, what.size_bytes}, caller);
}

status load_one(connection& c, const object& what, landing& where, const patience& caller) noexcept try {
  ask_for_small(c.begin(), what);
  if (const status s = c.send(caller); !s.ok()) return s;
  return load_small(c, what, where, caller);
} catch (const std::bad_alloc&) {
  return no_memory;
}

void ask_to_remove(request& all, const object& what) {
  const std::uint64_t count = what.chunks();
  all.command(count + (what.reads > 0 ? 2 : 1)).word("UNLINK");
  for (std::uint64_t i = 0; i < count; ++i) all.word(chunk_name(what, i).text());
  if (what.reads > 0) all.word(chunk_name::of_reads(what).text());
}

}  // namespace farhold::redis
