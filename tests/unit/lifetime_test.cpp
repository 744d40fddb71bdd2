// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/lifetime.hpp>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"
#include "support/memory_connector.hpp"
#include "support/sanitized.hpp"

namespace farhold {
namespace {

using namespace std::chrono_literals;
using test::fails;
using doubles = std::vector<double>;

struct lifetimes : testing::Test {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  std::vector<std::string> notices;
  store s{"lifetimes", std::make_unique<test::memory_connector>(watch), {.adopt_bytes = 0}};
  doubles values = doubles(1000, 1.0);

  lifetimes() {
    set_log_handler([this](std::string_view text) { notices.emplace_back(text); });
  }
  ~lifetimes() override { set_log_handler({}); }
};

TEST_F(lifetimes, are_explicit_unless_said) {
  EXPECT_TRUE(lifetime().is_explicit());
  EXPECT_FALSE(time_to_live(1s).is_explicit());
  const key k = s.put(values, {.timeout = 5s});
  const auto p = s.proxy(values, {});
  EXPECT_TRUE(s.exists(k) && s.exists(p.key()));
}

TEST_F(lifetimes, end_with_their_scope) {
  key copied, adopted, archived;
  proxy<int> small;
  proxy<doubles> resolved;
  {
    scope step;
    copied = s.put(values, {.lifetime = step});
    adopted = s.proxy(doubles(1000, 2.0), {.lifetime = step}).key();
    archived = s.put(std::vector<std::string>(300, "word"), {.timeout = 5s, .lifetime = step});
    small = s.proxy(7, {.lifetime = step});
    resolved = s.proxy_from_key<doubles>(copied);
    EXPECT_EQ(*resolved, values);
    for (const key& k : {copied, adopted, archived, small.key()}) EXPECT_TRUE(s.exists(k));
    EXPECT_EQ(s.metrics().evicted, 0U);
  }
  for (const key& k : {copied, adopted, archived}) EXPECT_FALSE(s.exists(k));
  EXPECT_TRUE(fails(errc::stale, [&] { return *small + 0; })) << "small objects are stored, not inlined";
  EXPECT_EQ(*resolved, values) << "what was resolved stays";
  EXPECT_EQ(s.metrics().evicted, 4U);
}

TEST_F(lifetimes, scopes_end_early_and_again) {
  scope step;
  const key first = s.put(values, {.lifetime = step});
  step.end();
  EXPECT_FALSE(s.exists(first));
  const key second = s.put(values, {.lifetime = step});
  EXPECT_TRUE(s.exists(second));
  step.end();
  step.end();
  EXPECT_EQ(s.metrics().evicted, 2U);
}

TEST_F(lifetimes, scope_does_not_mind_what_is_gone) {
  {
    scope step;
    const key k = s.put(values, {.lifetime = step});
    s.evict(k);
    {
      store other("other", local::connector(), {.inline_bytes = 0});
      other.put(1, {.lifetime = step});
      store closed("closed", local::connector(), {.inline_bytes = 0});
      closed.put(1, {.lifetime = step});
      closed.close();
    }
  }
  EXPECT_TRUE(notices.empty());
  EXPECT_EQ(s.metrics().failed_evictions, 0U);
}

TEST_F(lifetimes, scope_counts_and_logs_what_fails) {
  key k;
  {
    scope step;
    k = s.put(values, {.lifetime = step});
    s.put(values, {.lifetime = step});
    watch->evict_error = errc::transport_failure;
  }
  watch->evict_error = errc::ok;
  EXPECT_EQ(s.metrics().failed_evictions, 2U);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_NE(notices[0].find("evict as told"), std::string::npos) << notices[0];
  EXPECT_TRUE(s.exists(k));
}

TEST_F(lifetimes, scope_takes_objects_of_many_threads) {
  {
    scope step;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) s.put(values, {.lifetime = step});
      });
    }
    for (std::thread& t : threads) t.join();
  }
  EXPECT_EQ(s.metrics().evicted, 400U);
}

TEST_F(lifetimes, of_what_could_not_be_stored_leave_nothing) {
  {
    scope step;
    watch->adopt_error = errc::out_of_memory;
    EXPECT_TRUE(fails(errc::out_of_memory, [&] { return s.put(doubles(1000), {.lifetime = step}); }));
    EXPECT_TRUE(
        fails(errc::out_of_memory, [&] { return s.put(doubles(1000), {.lifetime = time_to_live(1ms)}); }));
  }
  EXPECT_EQ(s.metrics().failed_evictions, 0U);
  EXPECT_EQ(s.metrics().evicted, 0U);
}

TEST_F(lifetimes, end_when_their_time_has_come) {
  const key late = s.put(values, {.lifetime = time_to_live(1h)});
  const key soon = s.put(values, {.lifetime = time_to_live(2ms)});
  const key sooner = s.put(doubles(1000), {.lifetime = time_to_live(1ns)});
  const auto p = s.proxy(3, {.lifetime = time_to_live(1ms)});
  ASSERT_TRUE(watch->evictions(3));
  EXPECT_FALSE(s.exists(soon) || s.exists(sooner) || s.exists(p.key()));
  EXPECT_TRUE(s.exists(late));
  EXPECT_EQ(s.metrics().evicted, 3U);
}

TEST_F(lifetimes, must_be_above_zero_and_may_be_for_ever) {
  for (const auto time : {0ns, -1ns}) {
    EXPECT_TRUE(fails(errc::invalid_argument, [&] { return s.put(values, {.lifetime = time_to_live(time)}); },
                      {"'lifetimes'", "above zero"}));
  }
  const key k = s.put(values, {.lifetime = time_to_live(std::chrono::nanoseconds::max())});
  s.put(values, {.lifetime = time_to_live(1ns)});
  ASSERT_TRUE(watch->evictions(1));
  EXPECT_TRUE(s.exists(k));
}

TEST_F(lifetimes, timer_counts_and_logs_what_fails) {
  watch->evict_error = errc::transport_failure;
  s.put(values, {.lifetime = time_to_live(1ns)});
  while (s.metrics().failed_evictions == 0) std::this_thread::yield();
  watch->evict_error = errc::ok;
  s.put(values, {.lifetime = time_to_live(1ns)});  // the timer goes on
  ASSERT_TRUE(watch->evictions(1));
  EXPECT_EQ(notices.size(), 1U);
}

TEST_F(lifetimes, stores_may_end_before) {
  auto gone = std::make_shared<test::memory_watch>();
  {
    store other("other", std::make_unique<test::memory_connector>(gone));
    other.put(values, {.lifetime = time_to_live(1ms)});
    store closed("closed", std::make_unique<test::memory_connector>(gone));
    closed.put(values, {.lifetime = time_to_live(1ms)});
    closed.close();
  }
  s.put(values, {.lifetime = time_to_live(2ms)});  // due after both
  ASSERT_TRUE(watch->evictions(1));
  EXPECT_TRUE(notices.empty());
}

TEST_F(lifetimes, are_timed_in_many_threads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        s.put(values, {.lifetime = time_to_live(std::chrono::microseconds(1 + i * 7 % 50))});
    });
  }
  for (std::thread& t : threads) t.join();
  ASSERT_TRUE(watch->evictions(200));
  EXPECT_EQ(s.metrics().evicted, 200U);
}

#if !FARHOLD_TEST_THREAD_SANITIZER  // it starts no threads in a child of many
// Leak checkers take the parent's threads for the child's and find "false leaks", as they say themselves. So
// a child ends after the handlers of exit, the timer's among them, and before theirs: in the order against
// that of setting up.
int child_code = -1;
const int child_ends = std::atexit([] {
  if (child_code >= 0) _exit(child_code);
});

/// Runs `body` in a forked child, and the handlers of exit: the timer's must not wait for the parent's
/// thread.
template <class Body>
bool in_child(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    child_code = body() ? 0 : 1;
    std::exit(child_code);
  }
  int status = 1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(lifetimes, survive_a_fork) {
  ASSERT_EQ(child_ends, 0);
  s.put(values, {.lifetime = time_to_live(1ns)});
  ASSERT_TRUE(watch->evictions(1));
  const key k = s.put(values, {.lifetime = time_to_live(1h)});
  EXPECT_TRUE(in_child([] { return true; })) << "a child that uses no timer ends";
  EXPECT_TRUE(in_child([&] {
    auto own = std::make_shared<test::memory_watch>();
    store mine("child", std::make_unique<test::memory_connector>(own));
    const key object = mine.put(values, {.lifetime = time_to_live(1ns)});
    return own->evictions(1) && !mine.exists(object);
  })) << "a child has a timer of its own";
  s.put(values, {.lifetime = time_to_live(1ns)});
  EXPECT_TRUE(watch->evictions(2)) << "the parent's goes on";
  EXPECT_TRUE(s.exists(k));
}
#endif

}  // namespace
}  // namespace farhold
