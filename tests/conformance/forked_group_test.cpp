// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "forked_group.hpp"

#include <cstdlib>
#include <span>
#include <stdexcept>

#include <gtest/gtest.h>

namespace farhold::conformance {
namespace {

using bytes = std::vector<std::byte>;

int verdict(bool good) { return good ? EXIT_SUCCESS : EXIT_FAILURE; }

/// More than a socket holds.
bytes message_of(int rank) {
  return bytes(1'000'000 + static_cast<std::size_t>(rank), static_cast<std::byte>(rank));
}

TEST(forked_group, each_root_reaches_all) {
  for (const int count : {1, 2, 4}) {
    EXPECT_EQ(EXIT_SUCCESS, run_forked(count, [count](process_group& group) {
                bool good = group.size() == count;
                for (int root = 0; root < count; ++root) {
                  const bytes got = group.broadcast(group.rank() == root ? message_of(root) : bytes(7), root);
                  good = good && got == message_of(root);
                  group.barrier();
                }
                return verdict(good);
              }));
  }
}

TEST(forked_group, one_bad_end_is_the_end_of_all) {
  for (int bad = 0; bad < 3; ++bad) {
    EXPECT_EQ(EXIT_FAILURE, run_forked(3, [bad](process_group& group) {
                group.barrier();
                return verdict(group.rank() != bad);
              }));
  }
}

TEST(forked_group, a_process_that_has_ended_is_not_waited_for) {
  const auto body = [](process_group& group) {
    if (group.rank() == 1) return EXIT_SUCCESS;
    try {
      group.barrier();
    } catch (const std::runtime_error&) {
      return EXIT_SUCCESS;
    }
    return EXIT_FAILURE;
  };
  EXPECT_EQ(EXIT_SUCCESS, run_forked(3, body, std::chrono::hours(1)));  // far beyond the limit of this test
}

}  // namespace
}  // namespace farhold::conformance
