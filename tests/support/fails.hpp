// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <farhold/error.hpp>

namespace farhold::test {

/// Whether `call` throws a `farhold::error` of that kind whose message has all of `words`:
///
///     EXPECT_TRUE(fails(errc::stale, [&] { store.get<int>(gone); }, {"store 'fields'", "evicted"}));
template <class Call>
testing::AssertionResult fails(errc kind, Call&& call, std::initializer_list<std::string_view> words = {}) {
  try {
    static_cast<void>(std::forward<Call>(call)());
  } catch (const error& problem) {
    const std::string_view message = problem.what();
    if (problem.kind() != kind) {
      return testing::AssertionFailure()
             << "expected " << to_string(kind) << ", got " << to_string(problem.kind()) << ": " << message;
    }
    for (const std::string_view word : words) {
      if (message.find(word) == std::string_view::npos) {
        return testing::AssertionFailure() << "\"" << word << "\" is not in: " << message;
      }
    }
    return testing::AssertionSuccess() << message;
  } catch (const std::exception& other) {
    return testing::AssertionFailure() << "not a farhold::error: " << other.what();
  }
  return testing::AssertionFailure() << "nothing was thrown, expected " << to_string(kind);
}

}  // namespace farhold::test

#define EXPECT_FAILS(kind, call) \
  EXPECT_TRUE(::farhold::test::fails(::farhold::errc::kind, [&] { static_cast<void>(call); }))
