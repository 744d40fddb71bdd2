// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/fault.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

namespace farhold {
namespace {

using numbers = std::vector<int>;

/// Which of 100 resolves fail, as ones and zeros.
std::string failures(const std::string& uri) {
  store s = store::open("fault", uri, {.inline_bytes = 0});
  std::string seen;
  for (int i = 0; i < 100; ++i) {
    try {
      seen += s.proxy(numbers{i})[0] == i ? '0' : '!';
    } catch (const error& problem) {
      seen += problem.kind() == errc::transport_failure ? '1' : '?';
    }
  }
  return seen;
}

TEST(fault_connector, the_seed_decides_what_fails) {
  const std::string first = failures("fault+local://?seed=1&fail=0.1");
  EXPECT_EQ(first, failures("fault+local://?seed=1&fail=0.1"));
  EXPECT_NE(first, failures("fault+local://?seed=2&fail=0.1"));
  EXPECT_NE(std::string::npos, first.find('1'));
  EXPECT_NE(std::string::npos, first.find('0'));
  EXPECT_EQ(std::string::npos, first.find_first_of("!?"));
}

TEST(fault_connector, a_plan_without_faults_changes_nothing) {
  EXPECT_EQ(std::string(100, '0'), failures("fault+local://?seed=1"));
}

TEST(fault_connector, the_nth_call_fails_and_the_next_one_does_not) {
  store s("nth", fault::connector(local::connector(), {.fail_nth = 2}), {.inline_bytes = 0});
  const key first = s.put(1);
  EXPECT_FAILS(transport_failure, s.put(2));
  EXPECT_EQ(1, s.get<int>(first));
  EXPECT_FAILS(transport_failure, s.get<int>(first));
  EXPECT_EQ(1, s.get<int>(first));
}

TEST(fault_connector, a_get_that_is_cut_is_an_error_and_no_object) {
  store s("cut", fault::connector(local::connector(), {.truncate = 1}), {.inline_bytes = 0});
  const auto p = s.proxy(numbers(100, 7));
  EXPECT_FAILS(transport_failure, p.resolve());
  EXPECT_FALSE(p.resolved());
}

TEST(fault_connector, a_delay_beyond_the_deadline_is_a_timeout) {
  using namespace std::chrono_literals;
  store s("late", fault::connector(local::connector(), {.delay = 1, .delay_time = 1h}), {.timeout = 1ms});
  EXPECT_FAILS(timeout, s.put(1));
}

TEST(fault_connector, unknown_options_and_inner_schemes_are_refused) {
  EXPECT_FAILS(invalid_argument, store::open("x", "fault+local://?fal=1"));
  for (const char* of_networks : {"tear", "duplicate", "drop", "reorder"})
    EXPECT_FAILS(invalid_argument, store::open("x", std::string("fault+local://?") + of_networks + "=0.5"));
  EXPECT_FAILS(invalid_argument, store::open("x", "fault+nothing://?fail=1"));
}

}  // namespace
}  // namespace farhold
