// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Durable twins: objects in memory that outlive their producer in files.
#include <array>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>
#include <farhold/multi.hpp>
#include <farhold/shm.hpp>

#include "conformance/pattern.hpp"
#include "support/decorators.hpp"
#include "support/fails.hpp"
#include "support/scratch.hpp"

namespace farhold::multi {

using farhold::test::scratch;
namespace {

using bytes = std::vector<std::byte>;
using conformance::first_wrong;
using conformance::payload;
using test::fails;

constexpr std::array<std::size_t, 6> sizes = {0, 1, 1025, 65'536, 1'000'003, 5'000'000};

std::unique_ptr<farhold::connector> twinned(const std::string& directory) {
  return connector({.twin = 1}, part{shm::connector({.arena_bytes = 32U << 20U})},
                   part{file::connector({.directory = directory}), {.tags = {"nobody says this"}}});
}

/// Does it in another process and returns what it wrote to its pipe, in lines. `how` is what waitpid says.
std::vector<std::string> in_another_process(const std::function<void(int pipe)>& work, int* how = nullptr) {
  std::array<int, 2> ends{};
  EXPECT_EQ(0, ::pipe(ends.data()));
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      work(ends[1]);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "child: %s\n", problem.what());
      ::_exit(2);
    }
    ::_exit(testing::Test::HasFailure() ? 3 : 0);
  }
  ::close(ends[1]);
  std::string all;
  std::array<char, 4096> some{};
  for (ssize_t got = 0; (got = ::read(ends[0], some.data(), some.size())) > 0;)
    all.append(some.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int ended = 0;
  EXPECT_EQ(child, ::waitpid(child, &ended, 0));
  EXPECT_TRUE(WIFSIGNALED(ended) || WEXITSTATUS(ended) == 0) << "the other process has failed";
  if (how != nullptr) *how = ended;
  std::vector<std::string> lines;
  for (std::size_t from = 0, to = 0; (to = all.find('\n', from)) != std::string::npos; from = to + 1)
    lines.push_back(all.substr(from, to - from));
  return lines;
}

void say(int pipe, const std::string& line) {
  const std::string text = line + "\n";
  EXPECT_EQ(::write(pipe, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

/// What a process that opened nothing finds behind the tokens: "ok", or the kind of error.
std::vector<std::string> resolved_elsewhere(const std::vector<std::string>& tokens) {
  return in_another_process([&](int pipe) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      try {
        const auto p = proxy<bytes>::from_string(tokens[i]);
        const std::size_t size = sizes[i % sizes.size()];
        say(pipe, p->size() == size && !first_wrong(*p, {7, i}) ? "ok" : "wrong bytes");
      } catch (const error& problem) {
        say(pipe, to_string(problem.kind()));
      }
    }
  });
}

TEST(multi_twin, a_producer_killed_after_it_published_durably_is_resolved_by_every_consumer) {
  const scratch own;
  for (int round = 0; round < 3; ++round) {
    int how = 0;
    const std::vector<std::string> tokens = in_another_process(
        [&](int pipe) {
          store s("twins", twinned(own.path()), {.inline_bytes = 0});
          for (std::size_t i = 0; i < 2 * sizes.size(); ++i) {
            say(pipe, s.proxy(payload(sizes[i % sizes.size()], {7, i}), {.durable = true}).to_string());
          }
          ::raise(SIGKILL);
        },
        &how);
    ASSERT_TRUE(WIFSIGNALED(how));
    ASSERT_EQ(tokens.size(), 2 * sizes.size());
    for (int consumer = 0; consumer < 3; ++consumer) {
      EXPECT_THAT(resolved_elsewhere(tokens), testing::Each("ok"));
      EXPECT_EQ(resolved_elsewhere(tokens).size(), tokens.size());
    }
    for (const std::string& token : tokens) EXPECT_LE(token.size(), 344U);
  }
}

TEST(multi_twin, what_was_written_in_the_background_is_there_after_close) {
  const scratch own;
  const std::vector<std::string> tokens = in_another_process([&](int pipe) {
    store s("twins", twinned(own.path()), {.inline_bytes = 0});
    for (std::size_t i = 0; i < 5 * sizes.size(); ++i) {
      say(pipe, s.proxy(payload(sizes[i % sizes.size()], {7, i})).to_string());
    }
    s.close();
  });
  EXPECT_EQ(tokens.size(), 5 * sizes.size());
  EXPECT_THAT(resolved_elsewhere(tokens), testing::Each("ok"));
}

TEST(multi_twin, an_object_that_was_evicted_does_not_come_back) {
  const scratch own;
  for (const bool killed : {false, true}) {
    const std::vector<std::string> tokens = in_another_process([&](int pipe) {
      store s("twins", twinned(own.path()), {.inline_bytes = 0});
      for (std::size_t i = 0; i < 100; ++i) {
        const auto p = s.proxy(payload(sizes[i % 4], {7, i}));
        if (i % 3 == 0) static_cast<void>(s.get<bytes>(p.key()));
        s.evict(p.key());
        EXPECT_FALSE(s.exists(p.key()));
        say(pipe, p.to_string());
      }
      if (killed) ::raise(SIGKILL);
      s.close();
    });
    EXPECT_EQ(tokens.size(), 100U);
    EXPECT_THAT(resolved_elsewhere(tokens), testing::Each("producer_lost"));
  }
}

TEST(multi_twin, the_first_part_is_read_while_it_is_there) {
  const scratch own;
  store s("twins", twinned(own.path()), {.inline_bytes = 0});
  const key object = s.put(payload(1000, {7, 0}), {.durable = true});
  EXPECT_EQ(first_wrong(s.get<bytes>(object), {7, 0}), std::nullopt);
  EXPECT_EQ(s.metrics().on(path::storage).resolves, 0U);
  s.evict(object);
  EXPECT_FAILS(stale, s.get<bytes>(object));
  EXPECT_FAILS(stale, s.evict(object));
  EXPECT_EQ(s.metrics().evicted, 1U);
  const key counted = s.put(payload(1000, {7, 1}));
  EXPECT_TRUE(s.exists(counted));
}

TEST(multi_twin, is_not_read_into_memory_that_a_fabric_may_still_write) {
  const scratch own;
  const auto watch = std::make_shared<test::watch>();
  store s("kept",
          connector({.twin = 1}, part{test::watched(watch, "watched://")},
                    part{file::connector({.directory = own.path()}), {.tags = {"nobody says this"}}}),
          {.inline_bytes = 0, .adopt_bytes = ~std::size_t{0}});
  const key object = s.put(payload(10'000, {7, 0}), {.durable = true});
  const auto resolved = [&] { return !first_wrong(*s.proxy_from_key<bytes>(object), {7, 0}); };
  const auto resolved_in_batch = [&] {
    const std::vector<proxy<bytes>> all{s.proxy_from_key<bytes>(object)};
    resolve_all(all);
    return !first_wrong(*all[0], {7, 0});
  };
  watch->get_error = errc::producer_lost;
  for (const bool kept : {false, true}) {
    watch->keeps_landings = kept;
    for (const bool batch : {false, true}) {
      watch->failing_gets = batch ? 2 : 1;  // of a batch it is tried again
      const auto resolve = [&] { return batch ? resolved_in_batch() : resolved(); };
      if (kept) {
        EXPECT_FAILS(producer_lost, resolve());
      } else {
        EXPECT_TRUE(resolve()) << "from the twin";
      }
      watch->failing_gets = 0;
      EXPECT_TRUE(resolve()) << "the next access lands elsewhere";
    }
  }
}

TEST(multi_twin, who_lost_a_producer_may_evict_what_it_left) {
  const scratch own;
  const std::vector<std::string> tokens = in_another_process([&](int pipe) {
    store s("twins", twinned(own.path()), {.inline_bytes = 0});
    say(pipe, s.proxy(payload(0, {7, 0}), {.durable = true}).to_string());
    ::raise(SIGKILL);
  });
  ASSERT_EQ(tokens.size(), 1U);
  const auto result = in_another_process([&](int pipe) {
    const auto p = proxy<bytes>::from_string(tokens[0]);
    store s("twins", twinned(own.path()), {.inline_bytes = 0});
    say(pipe, s.exists(p.key()) ? "there" : "not there");
    s.evict(p.key());
    say(pipe, s.exists(p.key()) ? "there" : "not there");
  });
  EXPECT_THAT(result, testing::ElementsAre("there", "not there"));
  EXPECT_THAT(resolved_elsewhere(tokens), testing::Each("producer_lost"));
}

}  // namespace
}  // namespace farhold::multi
