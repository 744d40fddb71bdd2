// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Readers that begin, and do not end, or say so twice.
#include "counted.hpp"

#include <chrono>
#include <vector>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>
#include <farhold/redis.hpp>

#include "conformance/outcome.hpp"
#include "redis_server.hpp"
#include "transfer.hpp"

namespace farhold::redis {
namespace {

using namespace std::chrono_literals;
using conformance::fails_with;
using conformance::outcome_of;
using numbers = std::vector<double>;

class redis_counted : public testing::TestWithParam<std::size_t> {
 protected:
  redis_counted() {
    const options how{.unix_path = server_.socket(), .chunk_bytes = least_chunk_bytes};
    store_.emplace("counted", connector(how), store_options{.inline_bytes = 0});
    EXPECT_TRUE(connection::open(redis::server(how), {}, caller_, direct_).ok());
  }
  object put(std::uint32_t reads) {
    key_ = store_->put(numbers(GetParam(), 0.5), {.lifetime = evict_after(reads)});
    return object_of(key_).value();
  }
  errc reading() {
    return outcome_of([&] { return store_->get<numbers>(key_); }).kind;
  }
  /// Milliseconds until the piece ends by itself; -1: never, -2: it is not there.
  std::int64_t time_left(const chunk_name& name) {
    direct_->begin().command(2).word("PTTL").word(name.text());
    std::int64_t left = 0;
    EXPECT_TRUE(direct_->send(caller_).ok() && direct_->read_number(left, caller_).ok());
    return left;
  }

  const patience caller_{call_limits(20s)};
  redis_server server_;
  std::optional<store> store_;
  std::unique_ptr<connection> direct_;
  key key_;
};

TEST_P(redis_counted, a_read_that_is_tried_again_takes_no_second_place) {
  const object what = put(2);
  const read_name mine(1, 1);
  bool ended = false;
  EXPECT_TRUE(begin_read(*direct_, what, mine, caller_).ok());
  EXPECT_TRUE(begin_read(*direct_, what, mine, caller_).ok());
  EXPECT_TRUE(end_read(*direct_, what, mine, true, ended, caller_).ok());
  EXPECT_FALSE(ended);
  EXPECT_TRUE(end_read(*direct_, what, mine, true, ended, caller_).ok());
  EXPECT_FALSE(ended) << "said twice is said once";
  EXPECT_EQ(reading(), errc::ok);
  EXPECT_EQ(reading(), errc::stale);
  EXPECT_EQ(time_left(chunk_name(what, 0)), -2);
  EXPECT_EQ(time_left(chunk_name(what, what.chunks() - 1)), -2);
  EXPECT_EQ(time_left(chunk_name::of_reads(what)), -2) << "nothing is left behind";
}

TEST_P(redis_counted, a_place_is_given_back_by_who_got_no_bytes) {
  const object what = put(1);
  const read_name mine(1, 1);
  bool ended = false;
  EXPECT_TRUE(begin_read(*direct_, what, mine, caller_).ok());
  EXPECT_EQ(reading(), errc::stale) << "all places are taken";
  EXPECT_GT(time_left(chunk_name(what, 0)), 0);
  EXPECT_TRUE(end_read(*direct_, what, mine, false, ended, caller_).ok());
  EXPECT_EQ(time_left(chunk_name(what, 0)), -1) << "and it stays for the next one as it was";
  EXPECT_EQ(reading(), errc::ok);
  EXPECT_EQ(reading(), errc::stale);
}

TEST_P(redis_counted, a_reader_that_died_ends_the_object_with_its_lease) {
  const object what = put(2);
  EXPECT_TRUE(begin_read(*direct_, what, {1, 1}, caller_).ok());
  EXPECT_EQ(time_left(chunk_name(what, 0)), -1);
  EXPECT_EQ(reading(), errc::ok);
  EXPECT_EQ(reading(), errc::stale);
  for (const chunk_name& name :
       {chunk_name(what, 0), chunk_name(what, what.chunks() - 1), chunk_name::of_reads(what)}) {
    EXPECT_GT(time_left(name), read_lease_ms - 60'000);
    EXPECT_LE(time_left(name), read_lease_ms);
  }
}

INSTANTIATE_TEST_SUITE_P(sizes, redis_counted, testing::Values(100, 100'000),
                         [](const auto& chosen) { return std::to_string(chosen.param) + "_numbers"; });

}  // namespace
}  // namespace farhold::redis
