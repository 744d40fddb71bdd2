// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A server as a part of a store of several: as the durable twin of what is in memory, full, and away.
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>
#include <farhold/multi.hpp>
#include <farhold/redis.hpp>

#include "conformance/pattern.hpp"
#include "place.hpp"
#include "redis_server.hpp"
#include "support/fails.hpp"
#include "support/peer.hpp"
#include "support/scratch.hpp"

namespace farhold::redis {
namespace {

using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;
using conformance::first_wrong;
using conformance::payload;

options at(const redis_server& server) { return {.host = "127.0.0.1", .port = server.port()}; }
std::size_t part_of(const key& object) { return multi::place_of(object).value().part; }

TEST(redis_multi, a_twin_in_a_server_is_read_once_its_producer_is_gone) {
  const redis_server server;
  test::peer producer, reader, late_reader;  // the readers open nothing
  ASSERT_EQ("done", producer.ask("open multi:///?0=shm://&1=" + server.uri() + "&1.tag=unsaid&twin=1"));
  const std::vector<std::string> sizes = {"0", "1", "1025", "65536", "1000003"};
  std::vector<std::string> questions;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string object = sizes[i] + " " + std::to_string(i);
    questions.push_back("resolve " + producer.ask("put " + object) + " " + object);
  }
  for (const std::string& question : questions) EXPECT_EQ("ok", reader.ask(question));
  EXPECT_EQ("done", producer.ask("close"));  // waits for the server to have it all
  producer.kill();
  for (const std::string& question : questions) {
    EXPECT_EQ("ok", reader.ask(question));
    EXPECT_EQ("ok", late_reader.ask(question));
  }
}

TEST(redis_multi, a_server_that_is_full_sends_objects_on_when_they_are_written) {
  const redis_server server({"--maxmemory", "4mb", "--maxmemory-policy", "noeviction"});
  const test::scratch own;
  store s("spill",
          multi::connector({}, multi::part{connector(at(server))},
                           multi::part{file::connector({.directory = own.path(), .durable = false})}),
          {.inline_bytes = 0});
  std::vector<key> keys;
  for (std::size_t i = 0; i < 40; ++i) keys.push_back(s.put(payload(200'000, {7, i})));
  EXPECT_EQ(part_of(keys.front()), 0U);
  EXPECT_EQ(part_of(keys.back()), 1U);
  for (std::size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(first_wrong(s.get<bytes>(keys[i]), {7, i}), std::nullopt);
  s.close();
}

TEST(redis_multi, a_server_that_is_away_is_an_error_and_not_passed_over) {
  redis_server server;
  const test::scratch own;
  store s("away",
          multi::connector({}, multi::part{connector(at(server)), {.max_bytes = 1000}},
                           multi::part{file::connector({.directory = own.path(), .durable = false})}),
          {.inline_bytes = 0});
  const key in_a_file = s.put(payload(1001, {7, 1}));
  server.kill();
  EXPECT_FAILS(unreachable, s.put(payload(1000, {7, 0}), {.timeout = 300ms}));
  EXPECT_EQ(first_wrong(s.get<bytes>(in_a_file), {7, 1}), std::nullopt);
  server.start();
  EXPECT_EQ(part_of(s.put(payload(1000, {7, 0}))), 0U);
  s.close();
}

}  // namespace
}  // namespace farhold::redis
