// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// A program that is not linked with the connector, and has its plug-in's directory in FARHOLD_PLUGIN_PATH.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "redis_server.hpp"

namespace farhold::redis {
namespace {

using numbers = std::vector<double>;

TEST(redis_plugin, a_token_is_resolved_by_who_knows_no_redis) {
  const redis_server server;
  for (const std::string& uri : {server.uri(), "unix://" + server.socket()}) {
    store s = store::open("plugged", uri, {.inline_bytes = 0});
    const std::string token = s.proxy(numbers(1000, 0.5)).to_string();
    s.close();
    EXPECT_EQ(*proxy<numbers>::from_string(token), numbers(1000, 0.5));
  }
  try {
    static_cast<void>(store::open("wrong", "redis://:secret@127.0.0.1:1/0"));
    ADD_FAILURE() << "opened a store where nobody listens";
  } catch (const error& problem) {
    EXPECT_EQ(problem.kind(), errc::unreachable);
    EXPECT_EQ(std::string(problem.what()).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace farhold::redis
