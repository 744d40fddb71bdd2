// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/loan.hpp>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"
#include "support/memory_connector.hpp"

namespace farhold {
namespace {

using namespace std::chrono_literals;
using test::fails;
using doubles = std::vector<double>;
using view = std::span<const double>;

struct loans : testing::Test {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  doubles field = doubles(1000, 1.0);
  std::vector<std::string> notices;
  store s{"loans", std::make_unique<test::memory_connector>(watch), {.timeout = 20s}};

  loans() {
    set_log_handler([this](std::string_view text) { notices.emplace_back(text); });
  }
  ~loans() override { set_log_handler({}); }
};

template <class Range>
concept lendable = requires(store& s, Range range) {
  s.lend(std::forward<Range>(range));
};
static_assert(lendable<doubles&> && lendable<const doubles&> && lendable<std::span<double>> &&
              lendable<view>);
static_assert(!std::is_copy_constructible_v<loan<double>> &&
              std::is_nothrow_move_constructible_v<loan<double>>);

TEST_F(loans, show_the_memory_itself) {
  auto loan = s.lend(field);
  EXPECT_TRUE(loan.in_place());
  EXPECT_TRUE(loan.active());
  const auto seen = loan.proxy<view>();
  EXPECT_EQ(seen.data(), field.data());
  EXPECT_EQ(*loan.proxy(), field) << "as a vector it is copied";
  EXPECT_EQ(s.get<array<double>>(loan.key()), array<double>(field.begin(), field.end()));
  EXPECT_EQ(s.metrics().published_in_place, 1U);
  EXPECT_EQ(s.metrics().on(path::view).resolves, 1U);
}

TEST_F(loans, are_small_or_of_a_part_too) {
  auto part = s.lend(std::span(field).subspan(10, 3));
  const auto seen = part.proxy<view>();
  EXPECT_EQ(seen.data(), field.data() + 10);
  EXPECT_TRUE(s.exists(part.key())) << "a loan is never inlined";
  EXPECT_TRUE(s.lend(std::span(field).first(0)).proxy().empty());
}

TEST_F(loans, end_at_retract) {
  auto loan = s.lend(field);
  const auto unresolved = loan.proxy();
  const auto resolved = loan.proxy();
  resolved.resolve();
  loan.retract();
  field.assign(1000, 9.0);
  EXPECT_FALSE(loan.active());
  EXPECT_TRUE(fails(errc::stale, [&] { return unresolved.size(); }));
  EXPECT_EQ(*resolved, doubles(1000, 1.0)) << "what was copied is a value";
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return loan.key(); }, {"was retracted"}));
  loan.retract();
  EXPECT_TRUE(notices.empty());
}

TEST_F(loans, wait_for_views) {
  auto loan = s.lend(field);
  auto seen = loan.proxy<view>();
  seen.resolve();
  EXPECT_TRUE(fails(errc::timeout,
                    [&] {
                      loan.retract({.timeout = 1ms});
                      return 0;
                    },
                    {"'loans'", "8000 bytes", "still being read", "retract again"}));
  EXPECT_TRUE(loan.active());
  EXPECT_FALSE(s.exists(loan.key())) << "evicted all the same";
  std::thread reader([mine = std::move(seen)]() mutable {
    ASSERT_EQ(mine[999], 1.0);
    mine = {};
  });
  loan.retract();
  field.assign(1000, 9.0);
  reader.join();
  EXPECT_FALSE(loan.active());
}

TEST_F(loans, waiting_is_given_up_on_request) {
  auto loan = s.lend(field);
  auto seen = loan.proxy<view>();
  seen.resolve();
  std::stop_source stop;
  std::thread asker([&] {
    ASSERT_TRUE(watch->evictions(1));
    stop.request_stop();
  });
  EXPECT_TRUE(fails(errc::cancelled,
                    [&] {
                      loan.retract({.stop = stop.get_token()});
                      return 0;
                    },
                    {"asked to stop"}));
  asker.join();
  seen = {};
  loan.retract();
}

TEST_F(loans, retract_at_the_end_of_their_scope) {
  key k;
  {
    const auto loan = s.lend(field);
    k = loan.key();
    EXPECT_TRUE(s.exists(k));
  }
  EXPECT_FALSE(s.exists(k));
  EXPECT_EQ(s.metrics().evicted, 1U);
}

TEST_F(loans, retract_when_an_exception_ends_their_scope) {
  key k;
  try {
    doubles local(1000, 5.0);
    const auto loan = s.lend(local);
    k = loan.key();
    throw std::runtime_error("the step failed");
  } catch (const std::runtime_error& problem) {
    EXPECT_STREQ(problem.what(), "the step failed");
  }
  EXPECT_FALSE(s.exists(k));
  EXPECT_TRUE(notices.empty());
}

TEST(loans_unwinding, wait_for_views_and_say_when_in_vain) {
  std::vector<std::string> notices;
  set_log_handler([&](std::string_view text) { notices.emplace_back(text); });
  store s("impatient", local::connector(), {.timeout = 1ms});
  const doubles field(1000, 5.0);
  proxy<view> seen;
  try {
    const auto loan = s.lend(field);
    seen = loan.proxy<view>();
    seen.resolve();
    throw std::runtime_error("the step failed");
  } catch (const std::runtime_error& problem) {
    EXPECT_STREQ(problem.what(), "the step failed");
  }
  set_log_handler({});
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_NE(notices[0].find("still being read"), std::string::npos) << notices[0];
  EXPECT_EQ(seen[0], 5.0);
}

TEST_F(loans, move) {
  auto a = s.lend(field);
  const key first = a.key();
  auto b = std::move(a);
  EXPECT_FALSE(a.active());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(s.exists(first));
  b = s.lend(field);
  EXPECT_FALSE(s.exists(first)) << "assigned to, it retracts";
  EXPECT_TRUE(s.exists(b.key()));
  loan<double> nothing;
  nothing.retract();
  EXPECT_FALSE(nothing.active());
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return nothing.proxy(); }));
}

TEST_F(loans, are_copies_where_a_connector_cannot_lend) {
  watch->adopt_error = errc::unsupported;
  auto loan = s.lend(field);
  EXPECT_FALSE(loan.in_place());
  field.assign(1000, 9.0);
  EXPECT_EQ(*loan.proxy(), doubles(1000, 1.0));
  auto seen = loan.proxy<view>();
  seen.resolve();
  loan.retract({.timeout = 20s});
  EXPECT_EQ(seen[0], 1.0) << "nobody waits for views of a copy";
  EXPECT_EQ(s.metrics().evicted, 1U);
}

TEST_F(loans, errors_lend_nothing) {
  watch->adopt_error = errc::out_of_memory;
  EXPECT_TRUE(fails(errc::out_of_memory, [&] { return s.lend(field).active(); }));
  watch->adopt_error = errc::ok;
  auto loan = s.lend(field);
  watch->evict_error = errc::transport_failure;
  EXPECT_TRUE(fails(errc::transport_failure, [&] {
    loan.retract();
    return 0;
  }));
  EXPECT_TRUE(s.exists(loan.key())) << "and may be retracted again";
  watch->evict_error = errc::ok;
  loan.retract();
}

TEST_F(loans, may_be_evicted_and_closed_before) {
  auto a = s.lend(field), b = s.lend(field);
  s.evict(a.key());
  a.retract();
  EXPECT_FALSE(a.active());
  s.close();
  b.retract();
  EXPECT_FALSE(b.active());
  EXPECT_TRUE(notices.empty());
}

TEST_F(loans, of_a_forked_child_are_let_go) {
  auto loan = s.lend(field);
  auto seen = loan.proxy<view>();
  seen.resolve();
  const pid_t child = fork();
  if (child == 0) {
    loan.retract({.timeout = 20s});
    _exit(loan.active() ? 1 : 0);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(s.exists(loan.key())) << "the parent's stands";
  seen = {};
}

}  // namespace
}  // namespace farhold
