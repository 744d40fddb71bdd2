// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/uri.hpp>

#include <gtest/gtest.h>

#include "support/fails.hpp"

namespace farhold {
namespace {

using namespace std::chrono_literals;
using test::fails;

TEST(uri, has_scheme_rest_and_options) {
  uri u("ucx://10.0.0.1:4711/run?arena=4GiB&grace=100ms&same_host=off");
  EXPECT_EQ(u.scheme(), "ucx");
  EXPECT_EQ(u.rest(), "10.0.0.1:4711/run");
  EXPECT_EQ(u.take_bytes("arena"), 4ULL << 30U);
  EXPECT_EQ(u.take_time("grace"), 100ms);
  EXPECT_EQ(u.take_switch("same_host"), false);
  EXPECT_NO_THROW(u.finish());
}

TEST(uri, may_have_nothing_after_the_scheme) {
  for (const char* const text : {"local://", "local://?", "local://?&"}) {
    if (std::string_view(text) == "local://?&") {
      EXPECT_TRUE(fails(errc::invalid_argument, [&] { return uri(text); }, {"option=value"}));
      continue;
    }
    const uri u(text);
    EXPECT_EQ(u.scheme(), "local");
    EXPECT_EQ(u.rest(), "");
    EXPECT_NO_THROW(u.finish());
  }
}

TEST(uri, file_paths_are_the_rest) { EXPECT_EQ(uri("file:///scratch/run7?x=1").rest(), "/scratch/run7"); }

TEST(uri, options_that_are_absent_are_nothing) {
  uri u("shm://");
  EXPECT_EQ(u.take("arena"), std::nullopt);
  EXPECT_EQ(u.take_bytes("arena"), std::nullopt);
  EXPECT_EQ(u.take_time("grace"), std::nullopt);
  EXPECT_EQ(u.take_switch("same_host"), std::nullopt);
}

TEST(uri, options_may_be_empty_and_hold_equals_signs) {
  uri u("x://?a=&b=c=d");
  EXPECT_EQ(u.take("a"), "");
  EXPECT_EQ(u.take("b"), "c=d");
}

TEST(uri, sizes) {
  const auto size = [](const std::string& value) { return uri("x://?n=" + value).take_bytes("n"); };
  EXPECT_EQ(size("0"), 0U);
  EXPECT_EQ(size("4096"), 4096U);
  EXPECT_EQ(size("3KiB"), 3072U);
  EXPECT_EQ(size("64MiB"), 64U << 20U);
  EXPECT_EQ(size("2TiB"), 2ULL << 40U);
  EXPECT_EQ(size("9223372036854775807"), 9223372036854775807U);
  for (const char* const bad : {"", "MiB", "64MB", "64mib", "-1", "+1", " 1", "1 ", "1.5GiB", "0x10", "1e3",
                                "99999999TiB", "9223372036854775808", "18446744073709551616", "8388608TiB"}) {
    EXPECT_TRUE(fails(errc::invalid_argument, [&] { return size(bad); },
                      {"option 'n'", "'" + std::string(bad) + "'", "64MiB"}))
        << bad;
  }
}

TEST(uri, times) {
  const auto time = [](const std::string& value) { return uri("x://?t=" + value).take_time("t"); };
  EXPECT_EQ(time("0s"), 0s);
  EXPECT_EQ(time("7ns"), 7ns);
  EXPECT_EQ(time("5us"), 5us);
  EXPECT_EQ(time("100ms"), 100ms);
  EXPECT_EQ(time("30s"), 30s);
  for (const char* const bad : {"", "30", "s", "-1s", "1m", "1.5s", "9223372036854775807s"}) {
    EXPECT_TRUE(fails(errc::invalid_argument, [&] { return time(bad); },
                      {"option 't'", "'" + std::string(bad) + "'", "100ms"}))
        << bad;
  }
}

TEST(uri, switches) {
  EXPECT_EQ(uri("x://?s=on").take_switch("s"), true);
  EXPECT_EQ(uri("x://?s=off").take_switch("s"), false);
  for (const char* const bad : {"", "ON", "true", "1", "yes"}) {
    EXPECT_TRUE(fails(errc::invalid_argument,
                      [&] { return uri("x://?s=" + std::string(bad)).take_switch("s"); },
                      {"option 's'", "on or off"}))
        << bad;
  }
}

TEST(uri, choices) {
  EXPECT_EQ(uri("x://?c=red").take_choice("c", {"red", "green"}), 0U);
  EXPECT_EQ(uri("x://?c=green").take_choice("c", {"red", "green"}), 1U);
  EXPECT_EQ(uri("x://").take_choice("c", {"red", "green"}), std::nullopt);
  for (const char* const bad : {"", "Red", "redd", "blue"}) {
    EXPECT_TRUE(fails(errc::invalid_argument,
                      [&] {
                        return uri("x://?c=" + std::string(bad)).take_choice("c", {"red", "green"});
                      },
                      {"option 'c'", "red or green"}))
        << bad;
  }
}

TEST(uri, refuses_what_is_none) {
  for (const char* const bad : {"", "local", "local:", "local:/", "://", "://rest", ":"}) {
    EXPECT_TRUE(fails(errc::invalid_argument, [&] { return uri(bad); },
                      {"'" + std::string(bad) + "' is not a URI", "scheme://rest?option=value"}))
        << bad;
  }
}

TEST(uri, refuses_malformed_options_and_names_them) {
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return uri("x://?arena"); }, {"'arena'", "option=value"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return uri("x://?a=1&=2"); }, {"'=2'", "option=value"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return uri("x://?a=1&&b=2"); }, {"option=value"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return uri("x://?a=1&a=2"); }, {"'a'", "twice"}));
}

TEST(uri, finish_names_the_unknown_option_and_those_taken) {
  uri u("shm://?arena=1GiB&arean=2GiB");
  EXPECT_EQ(u.take_bytes("arena"), 1U << 30U);
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [&] {
                      u.finish();
                      return 0;
                    },
                    {"'arean'", "not an option of shm://", "taken were: arena"}));
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [] {
                      uri("shm://?x=1").finish();
                      return 0;
                    },
                    {"'x'"}));
}

}  // namespace
}  // namespace farhold
