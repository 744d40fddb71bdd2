// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "rma/net_address.hpp"

#include <gtest/gtest.h>

#include <farhold/error.hpp>

namespace farhold::rma {
namespace {

TEST(net_addresses, are_parsed_as_hostile) {
  const auto good = net_address::parse("10.1.2.3:40000");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->host, 0x0A010203U);
  EXPECT_EQ(good->port, 40000);
  EXPECT_EQ(good->to_string(), "10.1.2.3:40000");
  EXPECT_EQ(net_address::from_sockaddr(good->to_sockaddr()), *good);
  EXPECT_FALSE(good->is_loopback());
  EXPECT_TRUE(net_address::parse("127.9.9.9:1")->is_loopback());
  for (const char* bad :
       {"",           ":",           "1.2.3.4",       "1.2.3.4:",
        ":80",        "1.2.3.4:0",   "1.2.3.4:65536", "1.2.3.4:-1",
        "1.2.3.4:+1", "1.2.3.4: 1",  "1.2.3.4:1 ",    " 1.2.3.4:1",
        "1.2.3:1",    "1.2.3.4.5:1", "256.2.3.4:1",   "localhost:1",
        "::1:1",      "1.2.3.4:1:2", "1.2.3.4:0x1",   "111111111111111111111111111111111111111111111:1"})
    EXPECT_FALSE(net_address::parse(bad)) << "'" << bad << "'";
}

TEST(net_addresses, to_listen_at_are_found_or_refused) {
  EXPECT_EQ(listening_address("", false).to_string(), "127.0.0.1:0");
  EXPECT_EQ(listening_address("lo", false).to_string(), "127.0.0.1:0");
  EXPECT_EQ(listening_address("lo:80", false).to_string(), "127.0.0.1:80");
  EXPECT_EQ(listening_address("192.0.2.7:80", false).to_string(), "192.0.2.7:80");
  EXPECT_NE(listening_address("", true).host, 0U);
  for (const char* bad : {"0.0.0.0", "no_such0", "lo:", "lo:x", "1.2.3.4:99999", ":"})
    EXPECT_THROW(static_cast<void>(listening_address(bad, true)), error) << bad;
}

}  // namespace
}  // namespace farhold::rma
