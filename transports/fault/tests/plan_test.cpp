// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <chrono>

#include <gtest/gtest.h>

#include <farhold/fault.hpp>

#include "support/fails.hpp"

namespace farhold::fault {
namespace {

using namespace std::chrono_literals;

plan parsed(std::string_view options) {
  uri address("x://?" + std::string(options));
  plan made = plan::take_from(address);
  address.finish();
  return made;
}

TEST(plan, options_say_what_the_plan_is) {
  const plan made = parsed("seed=7&delay=0.25&fail=1&fail_nth=3&delay_time=5ms");
  EXPECT_EQ(7U, made.seed);
  EXPECT_EQ(0.25, made.delay);
  EXPECT_EQ(1.0, made.fail);
  EXPECT_EQ(0.0, made.drop);
  EXPECT_EQ(3U, made.fail_nth);
  EXPECT_EQ(5ms, made.delay_time);
  EXPECT_EQ("seed=7&delay=0.25&fail=1&fail_nth=3&delay_time=5000000ns", made.to_options());
  EXPECT_EQ(made.to_options(), parsed(made.to_options()).to_options());
}

TEST(plan, what_is_not_a_frequency_is_refused) {
  for (const char* bad : {"fail=2", "fail=-1", "fail=nan", "fail=", "fail=0.5x", "seed=x", "delay_time=5"}) {
    EXPECT_FAILS(invalid_argument, parsed(bad)) << bad;
  }
  EXPECT_FAILS(invalid_argument, parsed("fall=1"));
}

}  // namespace
}  // namespace farhold::fault
