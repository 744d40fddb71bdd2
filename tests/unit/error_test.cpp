// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/error.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace farhold {
namespace {

// The spelling is an interface: logs, scripts and documentation use it.
constexpr std::array<std::pair<errc, const char*>, 17> table = {{
    {errc::ok, "ok"},
    {errc::stale, "stale"},
    {errc::not_found, "not_found"},
    {errc::producer_lost, "producer_lost"},
    {errc::unreachable, "unreachable"},
    {errc::timeout, "timeout"},
    {errc::cancelled, "cancelled"},
    {errc::wrong_type, "wrong_type"},
    {errc::corrupt, "corrupt"},
    {errc::truncated, "truncated"},
    {errc::invalid_argument, "invalid_argument"},
    {errc::out_of_memory, "out_of_memory"},
    {errc::permission, "permission"},
    {errc::unsupported, "unsupported"},
    {errc::closed, "closed"},
    {errc::store_unknown, "store_unknown"},
    {errc::transport_failure, "transport_failure"},
}};

TEST(errors, are_spelled_as_documented) {
  std::set<std::string> names;
  int expected_value = 0;
  for (const auto& [code, name] : table) {
    EXPECT_EQ(static_cast<int>(code), expected_value++) << name;  // the value travels in status replies
    EXPECT_STREQ(to_string(code), name);
    EXPECT_EQ(category().message(static_cast<int>(code)), name);
    names.insert(to_string(code));
  }
  EXPECT_EQ(names.size(), table.size());
  EXPECT_STREQ(to_string(static_cast<errc>(table.size())), "unknown farhold error")
      << "the table above is not complete";
  EXPECT_STREQ(to_string(static_cast<errc>(-1)), "unknown farhold error");
}

TEST(errors, are_error_codes_of_their_own_category) {
  const std::error_code code = errc::stale;
  EXPECT_STREQ(code.category().name(), "farhold");
  EXPECT_EQ(code, errc::stale);
  EXPECT_NE(code, errc::closed);
  EXPECT_TRUE(code);
  EXPECT_FALSE(std::error_code(errc::ok));
  EXPECT_NE(code, std::error_code(static_cast<int>(errc::stale), std::generic_category()));
}

TEST(errors, carry_kind_and_message) {
  try {
    throw error(errc::timeout, "store 'x': too late");
  } catch (const std::system_error& caught) {
    EXPECT_EQ(caught.code(), errc::timeout);
    EXPECT_NE(std::string(caught.what()).find("store 'x': too late"), std::string::npos);
    EXPECT_EQ(dynamic_cast<const error&>(caught).kind(), errc::timeout);
  }
}

TEST(status, is_ok_unless_told_otherwise) {
  constexpr status fine;
  static_assert(fine.ok() && fine.native == 0);
  constexpr status bad{errc::unreachable, 111, "connect"};
  static_assert(!bad.ok());
  EXPECT_STREQ(fine.where, "");
  EXPECT_STREQ(bad.where, "connect");
}

TEST(preconditions, print_themselves_and_terminate) {
  FARHOLD_EXPECTS(1 + 1 == 2);
  EXPECT_DEATH(FARHOLD_EXPECTS(1 + 1 == 3), "error_test.cpp:[0-9]+: broken precondition: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace farhold
