// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Which provider is taken, what is told of it, libfabric's codes, and what a producer costs that is known and
// not connected.
#include <algorithm>
#include <set>
#include <string>

#include <malloc.h>

#include <gtest/gtest.h>

#include <rdma/fi_errno.h>
#include <farhold/error.hpp>
#include <farhold/ofi.hpp>

#include "errors.hpp"
#include "offer.hpp"
#include "ofi_transport.hpp"
#include "providers.hpp"
#include "rma/peers.hpp"

namespace farhold::ofi {
namespace {

constexpr rma::net_address loopback{INADDR_LOOPBACK, 0};

TEST(providers, are_listed_best_first) {
  const auto all = providers();
  ASSERT_FALSE(all.empty());
  std::set<std::string> seen;
  for (const provider& one : all) {
    EXPECT_TRUE(seen.insert(one.name).second) << "twice: " << one.name;
    const bool odd = one.name == "shm" || one.name.starts_with("sockets") || one.name.starts_with("udp");
    EXPECT_FALSE(odd && one.used_unasked) << one.name;
    EXPECT_FALSE(one.untested && !one.in_hardware && one.name != "tcp") << one.name;
  }
}

TEST(providers, with_atomics_are_among_them) {
  const auto with_atomics = detail::names_with_atomics();
  EXPECT_TRUE(with_atomics.contains("tcp;ofi_rxm")) << "by messages: fi_rxm(7)";
  for (const std::string& name : with_atomics)
    EXPECT_TRUE(std::ranges::any_of(providers(), [&](const auto& one) { return one.name == name; })) << name;
}

TEST(providers, are_chosen_by_how_their_name_begins) {
  const fi_info* const tcp = detail::choose_provider("tcp", loopback);
  ASSERT_NE(tcp, nullptr);
  EXPECT_TRUE(detail::name_of(*tcp).starts_with("tcp"));
  const auto& at = *static_cast<const sockaddr_in*>(tcp->src_addr);
  EXPECT_EQ(rma::net_address::from_sockaddr(at).host, loopback.host) << "not where others could connect";
  EXPECT_EQ(detail::choose_provider("no_such", loopback), nullptr);
  EXPECT_EQ(detail::choose_provider("tcp", {0xC000'0207U, 0}), nullptr) << "192.0.2.7 is not here";
  const fi_info* const best = detail::choose_provider("", loopback);
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(detail::name_of(*best), providers().front().name);
}

TEST(offers, are_parsed_as_hostile) {
  detail::offer mine = detail::offer::of(*detail::choose_provider("tcp", loopback));
  mine.base = 4096;
  mine.bytes = 1 << 20U;
  mine.key = 77;
  mine.address.assign(16, std::byte{3});
  const auto told = mine.encode();
  detail::offer heard;
  ASSERT_TRUE(detail::offer::decode(told, heard));
  EXPECT_TRUE(heard.fits(mine));
  EXPECT_EQ(heard.encode(), told);
  for (std::size_t size = 0; size < told.size(); ++size)
    EXPECT_FALSE(detail::offer::decode(byte_view(told).first(size), heard)) << size;
  auto longer = told;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(detail::offer::decode(longer, heard));
  const auto with = [&](auto change) {
    detail::offer changed = mine;
    change(changed);
    return changed.encode();
  };
  EXPECT_FALSE(detail::offer::decode(with([](auto& o) { o.address.clear(); }), heard));
  EXPECT_FALSE(detail::offer::decode(with([](auto& o) { o.base = ~std::uint64_t{0}; }), heard));
  EXPECT_FALSE(detail::offer::decode(with([](auto& o) { o.provider.assign(200, 'x'); }), heard));
  EXPECT_FALSE(detail::offer::decode(with([](auto& o) { o.provider.clear(); }), heard));
  EXPECT_FALSE(detail::offer::decode(with([](auto& o) { o.provider = "tcp\n"; }), heard));
  ASSERT_TRUE(detail::offer::decode(with([](auto& o) { o.provider = "efa"; }), heard));
  EXPECT_FALSE(heard.fits(mine));
  ASSERT_TRUE(detail::offer::decode(with([](auto& o) { ++o.protocol_version; }), heard));
  EXPECT_FALSE(heard.fits(mine));
  ASSERT_TRUE(detail::offer::decode(with([](auto& o) { o.address.resize(4); }), heard));
  EXPECT_FALSE(heard.fits(mine));
}

TEST(codes, have_one_meaning_each) {
  std::set<int> seen;
  for (const detail::error_row& row : detail::error_table()) {
    EXPECT_TRUE(seen.insert(row.code).second) << "twice: " << row.code;
    EXPECT_EQ(detail::to_errc(row.code), row.meaning);
  }
  EXPECT_EQ(detail::to_errc(FI_EIO), errc::transport_failure) << "one without a row";
  for (const long code : {static_cast<long>(FI_ECANCELED), -static_cast<long>(FI_ECANCELED)}) {
    const status s = detail::from_fi(code, "try");
    EXPECT_EQ(s.code, errc::producer_lost);
    EXPECT_EQ(s.native, FI_ECANCELED);
  }
}

TEST(stores, say_which_provider_there_is_not) {
  try {
    static_cast<void>(connector({.provider = "no_such"}));
    FAIL() << "there is no such provider";
  } catch (const error& problem) {
    EXPECT_EQ(problem.kind(), errc::unsupported);
    EXPECT_NE(std::string(problem.what()).find("no_such"), std::string::npos) << problem.what();
    EXPECT_NE(std::string(problem.what()).find("tcp"), std::string::npos)
        << "those there are: " << problem.what();
  }
}

TEST(introductions, cost_at_most_256_bytes_each) {
  constexpr std::size_t count = 50'000;
  detail::ofi_transport fabric({}, "off");
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
}  // namespace farhold::ofi
