// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Objects in a Redis server, each beside hiredis doing the same: one connection over a unix socket to a
// server that this program starts.
#include <cstring>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

#include "keep.hpp"
#include "raw_client.hpp"
#include "redis_server.hpp"
#include "report.hpp"
#include "sizes.hpp"

namespace farhold::bench {

namespace {

using bytes = farhold::array<std::byte>;

bytes sample(std::uint64_t size_bytes) {
  bytes made(size_bytes);
  for (std::uint64_t i = 0; i < size_bytes; ++i) made.data()[i] = static_cast<std::byte>(i * 31 + i / 251);
  return made;
}

bool same(byte_view a, byte_view b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Reading: hiredis to its own reply, hiredis and a copy into memory of the user's, a resolve.
comparison reading(raw_client& raw, store& s, std::uint64_t size_bytes) {
  const auto content = std::make_shared<const bytes>(sample(size_bytes));
  const std::string name = "bench:" + std::to_string(size_bytes);
  raw.set(name, {content->data(), size_bytes});
  const auto copy = std::make_shared<bytes>(size_bytes);
  const auto object = s.proxy(*content);
  const auto last = std::make_shared<bytes>();
  return {
      .name = "get/" + size_name(size_bytes),
      .bodies =
          {{.name = "hiredis, its reply",
            .prepare = {},
            .run =
                [&raw, name](std::uint64_t n) {
                  for (std::uint64_t i = 0; i < n; ++i) keep(raw.get(name)->str);
                },
            .verify =
                [&raw, name, content] {
                  const reply_ptr r = raw.get(name);
                  return same(std::as_bytes(std::span(r->str, r->len)), {content->data(), content->size()});
                }},
           {.name = "hiredis and a copy",
            .prepare = {},
            .run =
                [&raw, name, copy](std::uint64_t n) {
                  for (std::uint64_t i = 0; i < n; ++i) {
                    const reply_ptr r = raw.get(name);
                    std::memcpy(copy->data(), r->str, r->len);
                  }
                },
            .verify =
                [copy, content] {
                  return same({copy->data(), copy->size()}, {content->data(), content->size()});
                }},
           {.name = "resolve",
            .prepare = {},
            .run =
                [&s, key = object.key()](std::uint64_t n) {
                  for (std::uint64_t i = 0; i < n; ++i) keep(s.proxy_from_key<bytes>(key)->data());
                },
            .verify =
                [&s, key = object.key(), content] {
                  const auto p = s.proxy_from_key<bytes>(key);
                  return same({p->data(), p->size()}, {content->data(), content->size()});
                }}},
      .max_iterations = 1U << 16U};
}

/// Writing, over and over: farhold's objects are new ones each time and are evicted outside of the sample.
comparison writing(raw_client& raw, store& s, std::uint64_t size_bytes, std::uint64_t at_most) {
  const auto content = std::make_shared<const bytes>(sample(size_bytes));
  const auto made = std::make_shared<std::vector<key>>();
  return {
      .name = "put/" + size_name(size_bytes),
      .bodies =
          {{.name = "hiredis, SET",
            .prepare = {},
            .run =
                [&raw, content](std::uint64_t n) {
                  for (std::uint64_t i = 0; i < n; ++i)
                    raw.set("bench:" + std::to_string(i), {content->data(), content->size()});
                },
            .verify =
                [&raw, content] {
                  const reply_ptr r = raw.get("bench:0");
                  return same(std::as_bytes(std::span(r->str, r->len)), {content->data(), content->size()});
                }},
           {.name = "put",
            .prepare =
                [&s, made](std::uint64_t n) {
                  s.evict_batch(*made);
                  made->clear();
                  made->reserve(n);
                },
            .run =
                [&s, made, content](std::uint64_t n) {
                  for (std::uint64_t i = 0; i < n; ++i) made->push_back(s.put(*content));
                },
            .verify =
                [&s, made, content] {
                  const auto p = s.proxy_from_key<bytes>(made->back());
                  return same({p->data(), p->size()}, {content->data(), content->size()});
                }}},
      .max_iterations = at_most};
}

/// 64 objects in one round trip; the time is of one.
comparison batch(raw_client& raw, store& s, std::uint64_t size_bytes) {
  constexpr std::size_t count = 64;
  const auto content = std::make_shared<const bytes>(sample(size_bytes));
  const auto keys = std::make_shared<std::vector<key>>(s.put_batch(std::vector<bytes>(count, *content)));
  const auto names = std::make_shared<std::vector<std::string>>();
  for (std::size_t i = 0; i < count; ++i) {
    names->push_back("bench:batch:" + std::to_string(size_bytes) + ":" + std::to_string(i));
    raw.set(names->back(), {content->data(), size_bytes});
  }
  const auto copies = std::make_shared<std::vector<bytes>>(count, bytes(size_bytes));
  const auto seen = std::make_shared<std::vector<bytes>>();
  const auto all_same = [content](const std::vector<bytes>& all) {
    for (const bytes& one : all) {
      if (!same({one.data(), one.size()}, {content->data(), content->size()})) return false;
    }
    return all.size() == count;
  };
  return {.name = "batch/" + size_name(size_bytes),
          .bodies = {{.name = "hiredis, pipelined, and copies",
                      .prepare = {},
                      .run =
                          [&raw, names, copies](std::uint64_t n) {
                            for (std::uint64_t i = 0; i < n; ++i) {
                              for (const std::string& name : *names) raw.ask(name);
                              for (bytes& copy : *copies) {
                                const reply_ptr r = raw.answer();
                                std::memcpy(copy.data(), r->str, r->len);
                              }
                            }
                          },
                      .verify = [copies, all_same] { return all_same(*copies); }},
                     {.name = "get_batch",
                      .prepare = {},
                      .run =
                          [&s, keys, seen](std::uint64_t n) {
                            for (std::uint64_t i = 0; i < n; ++i) *seen = s.get_batch<bytes>(*keys);
                          },
                      .verify = [seen, all_same] { return all_same(*seen); }}},
          .operations = count,
          .max_iterations = 1U << 10U};
}

}  // namespace

}  // namespace farhold::bench

int main(int argc, char** argv) {
  using namespace farhold::bench;
  options how;
  if (const auto code = read_command_line(argc, argv, "Objects in Redis, beside hiredis.", true, how))
    return *code;
  const farhold::redis::redis_server server;
  raw_client raw(server.socket());
  farhold::redis::options where;
  where.unix_path = server.socket();
  farhold::store s("bench", farhold::redis::connector(where), {.inline_bytes = 0});
  report to(how,
            {{"transports", "redis over a unix socket"},
             {"hiredis", std::to_string(HIREDIS_MAJOR) + "." + std::to_string(HIREDIS_MINOR) + "." +
                             std::to_string(HIREDIS_PATCH)}},
            std::cout);
  const std::uint64_t largest = how.quick ? 1U << 20U : 64U << 20U;
  for (std::uint64_t size = 8; size <= largest; size *= size < 4096 ? 512 : size < (1U << 20U) ? 16 : 64) {
    to.compare(reading(raw, s, size));
    to.compare(writing(raw, s, size, std::max<std::uint64_t>(1, (std::uint64_t{64} << 20U) / (size + 4096))));
  }
  for (const std::uint64_t size : {std::uint64_t{64}, std::uint64_t{4096}}) to.compare(batch(raw, s, size));
  return to.exit_code();
}
