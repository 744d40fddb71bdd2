// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Servers that end, come back, stop, refuse and are full; and how long callers wait for them.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>
#include <farhold/registry.hpp>

#include "conformance/outcome.hpp"
#include "redis_server.hpp"

namespace farhold::redis {
namespace {

using namespace std::chrono_literals;
using conformance::fails_with;
using conformance::outcome;
using conformance::outcome_of;
using numbers = std::vector<double>;

/// What a call may take beyond its deadline on a busy machine; far below a store's own 30 s.
constexpr auto slack = 5s;

const std::vector<std::string> on_disk = {"--appendonly", "yes", "--appendfsync", "always"};

numbers some(std::size_t count = 1000) {
  numbers made(count);
  std::iota(made.begin(), made.end(), 0.5);
  return made;
}

class redis_faults : public testing::Test {};

TEST_F(redis_faults, a_server_that_is_killed_and_comes_back_is_waited_for) {
  redis_server server(on_disk);
  store s = store::open("faults", server.uri(), {.inline_bytes = 0});
  const key before = s.put(some());
  const auto restart_during = [&](auto call) {
    server.kill();
    auto result = std::async(std::launch::async, call);
    std::this_thread::sleep_for(200ms);
    server.start();  // by this thread: a child ends with the thread that made it
    return result.get();
  };
  EXPECT_EQ(restart_during([&] { return s.get<numbers>(before); }), some()) << "in one call";
  const key after = restart_during([&] { return s.put(some(50)); });
  EXPECT_EQ(s.get<numbers>(after), some(50));
  EXPECT_TRUE(s.exists(before));
  s.evict(before);
  EXPECT_THAT(outcome_of([&] { return s.get<numbers>(before); }), fails_with(errc::stale));
}

TEST_F(redis_faults, threads_go_on_while_the_server_is_killed_again_and_again) {
  redis_server server(on_disk);
  store s = store::open("faults", server.uri(), {.inline_bytes = 0});
  std::atomic<bool> ended{false};
  std::atomic<std::size_t> rounds{0}, wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t me = 0; me < 3; ++me) {
    threads.emplace_back([&, me] {
      for (std::size_t i = 0; !ended; ++i) {
        const outcome told = outcome_of([&] {
          const numbers mine = some(100 + me * 10 + i % 7);
          const key made = s.put(mine);
          if (s.get<numbers>(made) != mine) ++wrong;
          s.evict(made);
          if (s.exists(made)) ++wrong;
          return 0;
        });
        if (told.kind != errc::ok) ++wrong;
        ++rounds;
      }
    });
  }
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(150ms);
    server.kill();
    std::this_thread::sleep_for(20ms);
    server.start();
  }
  ended = true;
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_GT(rounds, 0U);
}

TEST_F(redis_faults, a_server_that_stays_away_is_an_error_at_the_deadline) {
  redis_server server;
  store s = store::open("faults", server.uri(), {.inline_bytes = 0});
  const key made = s.put(some());
  server.kill();
  const outcome told = outcome_of([&] { return s.get<numbers>(made, {.timeout = 300ms}); });
  EXPECT_THAT(told, fails_with(errc::unreachable));
  EXPECT_GE(told.took, 300ms);
  EXPECT_LT(told.took, 300ms + slack);
  EXPECT_THAT(told.message, testing::HasSubstr(server.uri())) << "which server";
  for (const outcome& other : {outcome_of([&] { return s.put(some(), {.timeout = 300ms}); }),
                               outcome_of([&] { return s.exists(made, {.timeout = 100ms}); })}) {
    EXPECT_THAT(other, fails_with(errc::unreachable));
    EXPECT_LT(other.took, 300ms + slack);
  }

  std::stop_source source;
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    source.request_stop();
  });
  const outcome given_up = outcome_of([&] { return s.get<numbers>(made, {.stop = source.get_token()}); });
  later.join();
  EXPECT_THAT(given_up, fails_with(errc::cancelled));
  EXPECT_LT(given_up.took, slack) << "long before the store's own 30 s";

  EXPECT_THAT(outcome_of([&] { return store::open("other", server.uri()); }), fails_with(errc::unreachable));
  s.close({.timeout = 1s});
}

TEST_F(redis_faults, a_server_that_lost_its_memory_has_lost_its_objects) {
  redis_server server;
  store s = store::open("faults", server.uri(), {.inline_bytes = 0});
  const key made = s.put(some());
  server.kill();
  server.start();
  EXPECT_THAT(outcome_of([&] { return s.get<numbers>(made); }), fails_with(errc::producer_lost));
  EXPECT_THAT(outcome_of([&] {
                s.evict(made);
                return 0;
              }),
              fails_with(errc::producer_lost));
  EXPECT_FALSE(s.exists(made));
  EXPECT_EQ(s.get<numbers>(s.put(some())), some()) << "and takes new ones";
  const redis_server other;
  store t = store::open("other", other.uri());
  EXPECT_THAT(outcome_of([&] { return t.get<numbers>(made); }), fails_with(errc::producer_lost));
}

TEST_F(redis_faults, a_stopped_server_holds_nobody_beyond_the_deadline) {
  redis_server server;
  store s = store::open("faults", server.uri(), {.inline_bytes = 0});
  const key made = s.put(some());
  const key large = s.put(some(3'000'000), {.timeout = 30s});
  server.signal(SIGSTOP);
  for (const key& object : {made, large}) {
    const outcome told = outcome_of([&] { return s.get<numbers>(object, {.timeout = 200ms}); });
    EXPECT_THAT(told, fails_with(errc::timeout));
    EXPECT_GE(told.took, 200ms);
    EXPECT_LT(told.took, 200ms + slack);
  }
  const outcome put = outcome_of([&] { return s.put(some(3'000'000), {.timeout = 200ms}); });
  EXPECT_THAT(put, fails_with(errc::timeout));
  EXPECT_LT(put.took, 200ms + slack);
  std::stop_source source;
  operation going_on = s.proxy_from_key<numbers>(made).resolve_async({.stop = source.get_token()});
  std::this_thread::sleep_for(50ms);
  source.request_stop();
  EXPECT_THAT(outcome_of([&] {
                going_on.wait();
                return 0;
              }),
              fails_with(errc::cancelled));
  server.signal(SIGCONT);
  EXPECT_EQ(s.get<numbers>(made), some()) << "an answer that came too late meets nobody";
  EXPECT_EQ(s.get<numbers>(large).size(), 3'000'000U);
}

TEST_F(redis_faults, a_full_server_says_so_and_keeps_what_it_has) {
  redis_server server({"--maxmemory", "24mb", "--maxmemory-policy", "noeviction"});
  store s = store::open("faults", server.uri("/0?chunk=1MiB"), {.inline_bytes = 0});
  const key small = s.put(some());
  std::vector<key> kept;
  outcome told;
  while (kept.size() < 100) {
    told = outcome_of([&] {
      kept.push_back(s.put(numbers(300'000, 1.5)));  // three pieces
      return 0;
    });
    if (told.kind != errc::ok) break;
  }
  EXPECT_THAT(told, fails_with(errc::out_of_memory));
  EXPECT_THAT(told.message, testing::HasSubstr("maxmemory"));
  const std::vector<numbers> many(10, numbers(100'000, 2.5));
  EXPECT_THAT(outcome_of([&] { return s.put_batch(many); }), fails_with(errc::out_of_memory));
  EXPECT_EQ(s.get<numbers>(small), some());
  for (const key& object : kept) EXPECT_EQ(s.get<numbers>(object).size(), 300'000U);
  for (const key& object : kept) s.evict(object);
  kept.clear();
  // What was refused has left nothing behind: as much fits again.
  std::size_t again = 0;
  while (again < 100 && outcome_of([&] { return s.put(numbers(300'000, 1.5)); }).kind == errc::ok) ++again;
  EXPECT_GE(again, 5U);
}

TEST_F(redis_faults, who_may_not_is_told_so_and_no_message_has_the_password) {
  redis_server server({"--requirepass", "opensesame"});
  const auto opening = [&](const std::string& who) {
    return outcome_of([&] {
      return registry::global().open("redis://" + who + "127.0.0.1:" + std::to_string(server.port()) +
                                     "/0") != nullptr;
    });
  };
  const outcome none = opening("");
  EXPECT_THAT(none, fails_with(errc::permission));
  EXPECT_THAT(none.message, testing::HasSubstr("FARHOLD_REDIS_PASSWORD"));
  const outcome wrong = opening(":closesesame@");
  EXPECT_THAT(wrong, fails_with(errc::permission));
  EXPECT_THAT(wrong.message, testing::Not(testing::HasSubstr("sesame")));
  EXPECT_THAT(opening("nobody:opensesame@"), fails_with(errc::permission));
  EXPECT_THAT(opening("default:opensesame@"), fails_with(errc::ok));

  // A token has no password; the environment of who resolves it has.
  const options how{.host = "127.0.0.1", .port = server.port(), .password = "opensesame"};
  store s("guarded", connector(how), {.inline_bytes = 0});
  const auto p = s.proxy(some());
  const std::string token = p.to_string();
  EXPECT_EQ(p.key().to_string().find("sesame"), std::string::npos);
  s.close();
  const auto unknown = proxy<numbers>::from_string(token);
  EXPECT_THAT(outcome_of([&] { return *unknown; }), fails_with(errc::permission));
  ::setenv("FARHOLD_REDIS_PASSWORD", "opensesame", 1);
  EXPECT_EQ(*unknown, some());
  ::unsetenv("FARHOLD_REDIS_PASSWORD");
}

TEST_F(redis_faults, who_may_only_read_can_read) {
  redis_server server;
  store s = store::open("all", server.uri(), {.inline_bytes = 0});
  const key made = s.put(some());
  ASSERT_EQ(0, std::system(("redis-cli -s " + server.socket() +
                            " acl setuser reader on '>look' '~farhold:*' +get +exists +strlen +select >" +
                            server.directory() + "/out")
                               .c_str()));
  const options how{.host = "127.0.0.1", .port = server.port(), .user = "reader", .password = "look"};
  store reader("reader", connector(how), {.inline_bytes = 0});
  EXPECT_EQ(reader.get<numbers>(made), some());
  const outcome told = outcome_of([&] { return reader.put(some()); });
  EXPECT_THAT(told, fails_with(errc::permission));
  EXPECT_THAT(told.message, testing::HasSubstr("access rules"));
  EXPECT_THAT(outcome_of([&] {
                reader.evict(made);
                return 0;
              }),
              fails_with(errc::permission));
}

TEST_F(redis_faults, objects_end_when_their_time_is_over) {
  redis_server server;
  store s = store::open("short", server.uri("/0?ttl=300ms&chunk=64KiB"), {.inline_bytes = 0});
  const key small = s.put(some());
  const key large = s.put(some(100'000));
  EXPECT_EQ(s.get<numbers>(small), some());
  EXPECT_EQ(s.get<numbers>(large), some(100'000));
  const auto end = std::chrono::steady_clock::now() + 20s;
  while ((s.exists(small) || s.exists(large)) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_THAT(outcome_of([&] { return s.get<numbers>(small); }), fails_with(errc::stale));
  EXPECT_THAT(outcome_of([&] { return s.get<numbers>(large); }), fails_with(errc::stale));
}

}  // namespace
}  // namespace farhold::redis
