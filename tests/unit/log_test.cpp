// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/log.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace farhold {
namespace {

struct log_handler : testing::Test {
  ~log_handler() override { set_log_handler({}); }
};

TEST_F(log_handler, gets_every_notice) {
  std::vector<std::string> seen;
  set_log_handler([&](std::string_view message) { seen.emplace_back(message); });
  detail::log("one");
  detail::log("");
  detail::log(std::string_view("three and more", 5));
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "", "three"}));
}

TEST_F(log_handler, may_be_replaced_and_removed) {
  int first = 0, second = 0;
  set_log_handler([&](std::string_view) { ++first; });
  detail::log("x");
  set_log_handler([&](std::string_view) { ++second; });
  detail::log("x");
  set_log_handler({});
  detail::log("x");
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(log_handler, that_throws_does_no_harm) {
  set_log_handler([](std::string_view) { throw std::runtime_error("no"); });
  static_assert(noexcept(detail::log("x")));
  detail::log("x");
}

TEST_F(log_handler, is_called_one_thread_at_a_time) {
  int calls = 0;  // no atomic: the log's own lock is what keeps this right
  set_log_handler([&](std::string_view) { ++calls; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 1000; ++i) detail::log("x");
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(calls, 4000);
}

// The environment is read once, at the first notice: in a process of its own.
int notice_with(const char* wish) {
  wish != nullptr ? setenv("FARHOLD_LOG", wish, 1) : unsetenv("FARHOLD_LOG");
  detail::log("a notice");
  return 3;
}
TEST(log_environment, is_silent_by_default) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(notice_with(nullptr)), testing::ExitedWithCode(3), "^$");
  EXPECT_EXIT(std::_Exit(notice_with("on")), testing::ExitedWithCode(3), "^$");
  EXPECT_EXIT(std::_Exit(notice_with("stderr")), testing::ExitedWithCode(3), "^farhold: a notice\n$");
}

}  // namespace
}  // namespace farhold
