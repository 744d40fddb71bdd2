// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "counted.hpp"

#include <new>

#include "errors.hpp"

namespace farhold::redis {

namespace {

// KEYS: the hash of reads, then the object's pieces. In the hash, '@' is when the pieces end by themselves
// (ms since 1970, -1: never), and each read is '' or, if done, '1'. A script is carried out whole.

/// ARGV: how many, whose, lease. -1: no object, 0: no place, 1: taken.
constexpr std::string_view begin_script = R"(
if redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 1 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local left = redis.call('PTTL', KEYS[2])
if redis.call('HSETNX', KEYS[1], '@', left < 0 and -1 or now + left) == 1 and left >= 0 then
  redis.call('PEXPIRE', KEYS[1], left)
end
local taken = redis.call('HLEN', KEYS[1]) - 1
if taken >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], '')
local lease = tonumber(ARGV[3])
if taken + 1 == tonumber(ARGV[1]) and (left < 0 or left > lease) then
  for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], lease) end
end
return 1)";

/// ARGV: how many, whose. 1: that was the last one.
constexpr std::string_view done_script = R"(
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], '1')
local done = 0
for _, v in ipairs(redis.call('HVALS', KEYS[1])) do if v == '1' then done = done + 1 end end
if done < tonumber(ARGV[1]) then return 0 end
for i = 1, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1)";

/// The same, to give a place back.
constexpr std::string_view undone_script = R"(
if redis.call('HGET', KEYS[1], ARGV[2]) ~= '' then return 0 end
redis.call('HDEL', KEYS[1], ARGV[2])
local at = tonumber(redis.call('HGET', KEYS[1], '@'))
for i = 1, #KEYS do
  if at < 0 then redis.call('PERSIST', KEYS[i]) else redis.call('PEXPIREAT', KEYS[i], at) end
end
return 0)";

status run(connection& c, std::string_view script, const object& what, const read_name& mine, bool with_lease,
           std::int64_t& answer, const patience& caller) noexcept try {
  const std::uint64_t pieces = what.chunks();
  request& all = c.begin();
  all.command(3 + 1 + pieces + (with_lease ? 3 : 2)).word("EVAL").word(script).word(pieces + 1);
  all.word(chunk_name::of_reads(what).text());
  for (std::uint64_t i = 0; i < pieces; ++i) all.word(chunk_name(what, i).text());
  all.word(what.reads).word(mine.text());
  if (with_lease) all.word(read_lease_ms);
  if (const status s = c.send(caller); !s.ok()) return s;
  return c.read_number(answer, caller);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "write a request"};
}

}  // namespace

read_name::read_name(std::uint64_t consumer, std::uint64_t number) noexcept {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) {
    text_[i] = digits[(consumer >> (4 * i)) & 15U];
    text_[16 + i] = digits[(number >> (4 * i)) & 15U];
  }
}

status begin_read(connection& c, const object& what, const read_name& mine, const patience& caller) noexcept {
  std::int64_t answer = 0;
  if (const status s = run(c, begin_script, what, mine, true, answer, caller); !s.ok()) return s;
  if (answer < 0) return {errc::not_found, 0, "find the object"};
  if (answer == 0) return {errc::stale, 0, "read the object: it was read as often as it was meant to be"};
  return {};
}

status end_read(connection& c, const object& what, const read_name& mine, bool well, bool& ended,
                const patience& caller) noexcept {
  std::int64_t answer = 0;
  const status s = run(c, well ? done_script : undone_script, what, mine, false, answer, caller);
  ended = s.ok() && answer == 1;
  return s;
}

}  // namespace farhold::redis
