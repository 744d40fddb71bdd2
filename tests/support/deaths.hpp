// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/peer.hpp"

namespace farhold::test {

/// How long a consumer goes on as if a producer of its host lived that is killed, in milliseconds. Half of
/// all kills are noticed sooner: the machine may have other things to do during one. Producers are opened by
/// `open`, with `before` in front of their command.
inline double ms_until_lost(peer& consumer, const std::string& open,
                            const std::vector<std::string>& before = {}) {
  constexpr std::size_t kills = 5;
  std::vector<double> took;
  while (took.size() < kills) {
    peer victim(before);
    EXPECT_EQ(victim.ask(open), "done");
    const std::string read = "resolve " + victim.ask("put 50000 1") + " 50000 1";
    EXPECT_EQ(consumer.verdict(read), "ok") << consumer.last_answer;
    victim.kill();
    const auto death = std::chrono::steady_clock::now();
    EXPECT_EQ(consumer.verdict_on_the_dead(read), "producer_lost") << consumer.last_answer;
    took.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - death).count());
  }
  std::nth_element(took.begin(), took.begin() + kills / 2, took.end());
  return took[kills / 2];
}

}  // namespace farhold::test
