// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <atomic>
#include <cstdio>
#include <functional>
#include <latch>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"
#include "support/sanitized.hpp"

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;

constexpr unsigned deadlock_seconds = 20;  // after which the child is no more

/// Runs `body` in a forked child and returns its answer.
bool in_child(const std::function<testing::AssertionResult()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    ::alarm(deadlock_seconds);
    try {
      const testing::AssertionResult result = body();
      if (!result) std::fprintf(stderr, "in the child: %s\n", result.message());
      _exit(result ? 0 : 1);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "in the child: %s\n", problem.what());
      _exit(2);
    }
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

/// Somebody begins to make it, and goes on when told.
struct slow_object {
  std::latch began{1}, go_on{1};
  const proxy<int> p{factory<int>([this] {
    began.count_down();
    go_on.wait();
    return 7;
  })};
};

TEST(fork, child_does_not_wait_for_a_thread_that_it_has_not) {
  slow_object object;
  std::thread other([&] { object.p.resolve(); });
  object.began.wait();
  EXPECT_TRUE(in_child([&] { return fails(errc::closed, [&] { return *object.p; }, {"fork()"}); }));
  object.go_on.count_down();
  other.join();
  EXPECT_EQ(7, *object.p);
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

TEST(fork, child_does_not_wait_for_an_operation_of_a_thread_that_it_has_not) {
  slow_object object;
  operation bringing = object.p.resolve_async();
  object.began.wait();
  EXPECT_TRUE(in_child([&] {
    return fails(errc::closed,
                 [&] {
                   bringing.wait();
                   return 0;
                 },
                 {"fork()"});
  }));
  object.go_on.count_down();
  bringing.wait();
  EXPECT_EQ(7, *object.p);
}

#if !FARHOLD_TEST_ADDRESS_SANITIZER  // a child of many threads may find its allocator's locks held
struct five {
  int operator()() const { return 5; }
};

/// Takes locks of which a process has one.
void use_what_stores_share(const char* name) {
  register_factory<five>("five/1");
  const store own(name, local::connector());
  static_cast<void>(registry::global().names());
  if (proxy<int>::from_bytes(proxy<int>(factory<int>(five{})).to_bytes()) != 5)
    throw std::logic_error("the named factory of another process makes something else");
  static_cast<void>(describe(detail::type_of<doubles>()));
  detail::log("a notice");
}

TEST(fork, child_finds_no_lock_held_by_a_thread_that_it_has_not) {
  use_what_stores_share("parent");
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) use_what_stores_share("parent");
  });
  for (int n = 0; n < 200 && !HasFailure(); ++n) {
    EXPECT_TRUE(in_child([] {
      use_what_stores_share("child");
      return testing::AssertionSuccess();
    })) << "after "
        << n << " other children";
  }
  over = true;
  other.join();
}
#endif

TEST(fork, child_does_not_wait_for_a_store_that_its_parent_opens) {
  const auto proxy_with = [](const char* uri_text) {
    store s("far", test::watched(std::make_shared<test::watch>(), uri_text), {.inline_bytes = 0});
    return s.proxy(doubles(100));
  };
  std::latch began(1), go_on(1);
  registry::global().add_scheme("slow", [&](uri&) -> std::unique_ptr<connector> {
    began.count_down();
    go_on.wait();
    throw error(errc::timeout, "it was slow");
  });
  registry::global().add_scheme(
      "quick", [](uri&) -> std::unique_ptr<connector> { throw error(errc::out_of_memory, "it was quick"); });
  const auto slow = proxy_with("slow://"), quick = proxy_with("quick://");
  std::thread other([&] { EXPECT_TRUE(fails(errc::timeout, [&] { return slow.resolve(); }, {"slow"})); });
  began.wait();
  EXPECT_TRUE(in_child(
      [&] { return fails(errc::out_of_memory, [&] { return quick.resolve(); }, {"it was quick"}); }));
  go_on.count_down();
  other.join();
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
