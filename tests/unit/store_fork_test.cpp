// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdio>
#include <functional>
#include <latch>
#include <span>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

/// Runs `body` in a forked child and returns its answer.
bool in_child(const std::function<testing::AssertionResult()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    const testing::AssertionResult result = body();
    if (!result) std::fprintf(stderr, "in the child: %s\n", result.message());
    _exit(result ? 0 : 1);
  }
  int status = 1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(fork, child_counts_for_itself_what_its_parent_had_counted) {
  store s("parent", local::connector(), {.inline_bytes = 0});
  s.proxy_from_key<doubles>(s.put(doubles{1, 2})).resolve();
  EXPECT_TRUE(in_child([&] {
    return s.metrics().published == 1 ? testing::AssertionSuccess() : testing::AssertionFailure();
  }));
}

TEST(fork, child_keeps_views_of_memory_that_it_has) {
  store s("parent", local::connector(), {.inline_bytes = 0});
  const auto seen = s.proxy_from_key<std::span<const double>>(s.put(doubles{1, 2}));
  seen.resolve();
  EXPECT_EQ(1U, s.metrics().on(path::view).resolves);
  EXPECT_TRUE(
      in_child([&] { return (*seen)[1] == 2 ? testing::AssertionSuccess() : testing::AssertionFailure(); }));
}

TEST(fork, child_does_not_wait_for_a_thread_that_it_has_not) {
  std::latch began(1), go_on(1);
  const proxy<int> p(factory<int>([&] {
    began.count_down();
    go_on.wait();
    return 7;
  }));
  std::thread other([&] { p.resolve(); });
  began.wait();
  EXPECT_TRUE(in_child([&] { return fails(errc::closed, [&] { return *p; }, {"fork()"}); }));
  go_on.count_down();
  other.join();
  EXPECT_EQ(7, *p);
}

TEST(fork, child_finds_its_parent_s_store_closed) {
  store s("parent", local::connector(), {.inline_bytes = 0});
  const key k = s.put(doubles{1, 2});
  const auto resolved = s.proxy_from_key<doubles>(k);
  const auto unresolved = s.proxy_from_key<doubles>(k);
  resolved.resolve();

  const auto closed = [](auto call) {
    return fails(errc::closed, call,
                 {"'parent'", "parent of this forked process", "open a store of its own"});
  };
  EXPECT_TRUE(in_child([&] { return closed([&] { return s.put(1); }); }));
  EXPECT_TRUE(in_child([&] { return closed([&] { return s.get<doubles>(k); }); }));
  EXPECT_TRUE(in_child([&] { return closed([&] { return s.exists(k); }); }));
  EXPECT_TRUE(in_child([&] {
    return closed([&] {
      s.evict(k);
      return 0;
    });
  }));
  EXPECT_TRUE(in_child([&] {
    return closed([&] {
      s.close();
      return 0;
    });
  }));
  EXPECT_TRUE(in_child([&] { return closed([&] { return unresolved.resolve(); }); }));
  EXPECT_TRUE(in_child([&] {
    return resolved.size() == 2 && resolved[1] == 2
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << "a resolved proxy is a value";
  }));
  EXPECT_EQ(s.get<doubles>(k), (doubles{1, 2})) << "the parent's store was not touched";
}

TEST(fork, child_opens_stores_of_its_own) {
  store s("parent", local::connector(), {.inline_bytes = 0});
  EXPECT_TRUE(in_child([] {
    store own("child", local::connector(), {.inline_bytes = 0});
    const auto p = own.proxy(5);
    return p == 5 ? testing::AssertionSuccess() : testing::AssertionFailure() << "wrong value";
  }));
}

}  // namespace
}  // namespace farhold
