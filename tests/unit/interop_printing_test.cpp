// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ostream.h>
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/fmt.hpp>

#include "support/decorators.hpp"

// Printers show the proxy and start no transfer; who wants the target printed says so with a star, or by
// `<<`.

namespace farhold {
namespace {

using doubles = std::vector<double>;

struct plain {
  int value = 0;
  bool operator==(const plain&) const = default;
};

struct interop_printing : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"printing", test::watched(watch), {.inline_bytes = 0}};
  const proxy<doubles> p = s.proxy(doubles{1, 2});
  const proxy<std::string> text = s.proxy(std::string("far"));
  const proxy<int> number = s.proxy(7);

  // Compilers spell the alias differently.
  const std::string string_proxy = "proxy<" + std::string(detail::spelled_name<std::string>()) + ">";

  [[nodiscard]] bool nothing_moved() const { return watch->gets == 0; }
};

TEST_F(interop_printing, googletest_shows_the_proxy) {
  EXPECT_EQ(testing::PrintToString(p), "proxy<std::vector<double>>(unresolved, 16 bytes)");
  EXPECT_EQ(testing::PrintToString(text), string_proxy + "(unresolved, 3 bytes)");
  EXPECT_EQ(testing::PrintToString(number), "proxy<int>(unresolved, 4 bytes)");
  EXPECT_EQ(testing::PrintToString(s.proxy(plain{})),
            "proxy<" + std::string(detail::spelled_name<plain>()) + ">(unresolved, 4 bytes)");
  EXPECT_EQ(testing::PrintToString(std::optional(number)), "(proxy<int>(unresolved, 4 bytes))");
  EXPECT_EQ(testing::PrintToString(std::pair(1, text)), "(1, " + string_proxy + "(unresolved, 3 bytes))");
  EXPECT_EQ(testing::PrintToString(std::map<int, proxy<int>>{{1, number}}),
            "{ (1, proxy<int>(unresolved, 4 bytes)) }");
  EXPECT_TRUE(nothing_moved());
}

TEST_F(interop_printing, failed_assertions_show_what_they_compared) {
  const auto q = s.proxy(doubles{1, 3});
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(p, q), "Which is: proxy<std::vector<double>>(resolved, 16 bytes)");
  EXPECT_TRUE(p.resolved() && q.resolved()) << "comparing is an access";
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(text, std::string("near")), string_proxy + "(resolved, 3 bytes): far");
  EXPECT_NONFATAL_FAILURE(EXPECT_LT(number, 7), "proxy<int>(resolved, 4 bytes): 7");
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(*number, 8), "Which is: 7");
}

TEST_F(interop_printing, failed_assertions_that_look_at_no_target_resolve_none) {
  const std::vector<proxy<doubles>> one = {p}, two = {p, p};
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(one, two), "{ proxy<std::vector<double>>(unresolved, 16 bytes) }");
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(p.resolved()) << describe(p), "unresolved, 16 bytes");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(one, testing::SizeIs(2)), "unresolved");
  EXPECT_NONFATAL_FAILURE(
      EXPECT_THAT(number, testing::Truly([](const proxy<int>& x) { return x.resolved(); })),
      "proxy<int>(unresolved, 4 bytes)");
  EXPECT_TRUE(nothing_moved());
}

TEST_F(interop_printing, a_proxy_that_fails_to_resolve_is_printed_all_the_same) {
  s.evict(p.key());
  EXPECT_THROW(static_cast<void>(p == p), error);
  EXPECT_EQ(testing::PrintToString(p), "proxy<std::vector<double>>(unresolved, 16 bytes)");
}

TEST_F(interop_printing, matchers_take_targets_with_the_star) {
  EXPECT_THAT(*p, testing::ElementsAre(1, 2));
  EXPECT_THAT(*text, testing::StartsWith("f"));
  EXPECT_THAT(number, testing::Eq(7));
  EXPECT_THAT(number, testing::Gt(6));
}

TEST_F(interop_printing, fmt_of_the_target) {
  EXPECT_EQ(fmt::format("{}", *number), "7");
  EXPECT_EQ(fmt::format("{:>5}|{:04}", *text, *number), "  far|0007");
  EXPECT_EQ(fmt::format("{}", *p), "[1, 2]");
  EXPECT_EQ(fmt::format("{:.1f}", fmt::join(*p, " ")), "1.0 2.0");
  EXPECT_EQ(fmt::format("{}", fmt::streamed(number)), "7") << "by <<, which is an access";
}

TEST_F(interop_printing, fmt_of_the_proxy) {
  EXPECT_EQ(fmt::format("{}", number), "proxy<int>(unresolved, 4 bytes)");
  EXPECT_EQ(fmt::format("{}", p), "proxy<std::vector<double>>(unresolved, 16 bytes)");
  EXPECT_EQ(fmt::format("{}", text), string_proxy + "(unresolved, 3 bytes)");
  EXPECT_EQ(fmt::format("{}", std::vector{number}), "[\"proxy<int>(unresolved, 4 bytes)\"]")
      << "elements are quoted, as strings are";
  EXPECT_EQ(fmt::format("{:>12}|{:.5}", proxy<int>(), number), "proxy<int>(empty)|proxy");
  EXPECT_TRUE(nothing_moved());
}

TEST_F(interop_printing, streams_print_the_target) {
  std::ostringstream out;
  out << text << ' ' << number;
  EXPECT_EQ(out.str(), "far 7");
}

}  // namespace
}  // namespace farhold
