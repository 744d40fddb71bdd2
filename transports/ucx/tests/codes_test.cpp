// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// UCX's codes, and what a producer costs that is known and not connected.
#include <set>

#include <malloc.h>

#include <gtest/gtest.h>

#include <farhold/error.hpp>

#include "errors.hpp"
#include "rma/peers.hpp"
#include "ucx_transport.hpp"

namespace farhold::ucx {
namespace {

TEST(codes, have_one_meaning_each) {
  std::set<int> seen;
  for (const detail::error_row& row : detail::error_table()) {
    EXPECT_TRUE(seen.insert(row.code).second) << "twice: " << row.code;
    EXPECT_EQ(detail::to_errc(row.code), row.meaning);
  }
  EXPECT_EQ(detail::to_errc(UCS_ERR_IO_ERROR), errc::transport_failure) << "one without a row";
  const status s = detail::from_ucs(UCS_ERR_NOT_CONNECTED, "try");
  EXPECT_EQ(s.code, errc::producer_lost);
  EXPECT_EQ(s.native, UCS_ERR_NOT_CONNECTED);
}

TEST(introductions, cost_at_most_256_bytes_each) {
  constexpr std::size_t count = 50'000;
  detail::ucx_transport fabric({}, {}, hardware_use::off);
  rma::peers known;
  const auto before = ::mallinfo2();
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(known.introduce(fabric, "192.168.100.200:65535", (i + 1) * 0x9E37'79B9'7F4A'7C15U).ok());
  const auto after = ::mallinfo2();
  if (after.uordblks == 0) GTEST_SKIP() << "this allocator does not count";
  const std::size_t used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
  EXPECT_GT(used, count) << "it was measured at all";
  EXPECT_LE(used / count, 256U);
}

}  // namespace
}  // namespace farhold::ucx
