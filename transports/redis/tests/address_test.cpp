// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// URIs: what they say, and what they never say.
#include "address.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <farhold/farhold.hpp>

#include "object.hpp"
#include "support/fails.hpp"

namespace farhold::redis {
namespace {

options parsed(const std::string& text) {
  uri address(text);
  options how = options_of(address);
  address.finish();
  return how;
}

std::string told(const std::string& text) {
  try {
    static_cast<void>(parsed(text));
  } catch (const error& problem) {
    EXPECT_EQ(problem.kind(), errc::invalid_argument);
    return problem.what();
  }
  return "nothing";
}

TEST(redis_address, a_uri_says_all_that_options_say) {
  const options how = parsed("redis://anna:p%40ss%2Fword@example.org:7000/3?ttl=60s&chunk=1MiB");
  EXPECT_EQ(how.host, "example.org");
  EXPECT_EQ(how.port, 7000);
  EXPECT_EQ(how.database, 3U);
  EXPECT_EQ(how.user, "anna");
  EXPECT_EQ(how.password, "p@ss/word");
  EXPECT_FALSE(how.tls);
  EXPECT_EQ(how.time_to_live, std::chrono::seconds(60));
  EXPECT_EQ(how.chunk_bytes, std::uint64_t{1} << 20U);

  EXPECT_EQ(parsed("redis://h").port, 6379);
  EXPECT_EQ(parsed("redis://h/").database, 0U);
  EXPECT_EQ(parsed("redis://:secret@h").password, "secret");
  EXPECT_EQ(parsed("redis://:secret@h").user, "");
  EXPECT_EQ(parsed("redis://[::1]:7000/1").host, "::1");
  EXPECT_TRUE(parsed("rediss://h?ca=/etc/ca.pem").tls);
  EXPECT_EQ(parsed("rediss://h?ca=/etc/ca.pem").ca_file, "/etc/ca.pem");
  EXPECT_EQ(parsed("unix:///run/redis%3f?db=2").unix_path, "/run/redis?");
  EXPECT_EQ(parsed("unix:///run/redis?db=2").database, 2U);
}

TEST(redis_address, what_travels_has_no_credentials_and_opens_the_same_server) {
  for (const std::string same :
       {"redis://h:7000/3", "redis://[::1]:6379/0", "rediss://h:6380/0", "unix:///run/a%20b?db=4"}) {
    EXPECT_EQ(uri_of(parsed(same)), same);
  }
  EXPECT_EQ(uri_of(parsed("redis://anna:secret@h:7000/3?ttl=5s")), "redis://h:7000/3");
}

TEST(redis_address, a_wrong_uri_says_what_is_wrong_and_no_password) {
  using testing::HasSubstr;
  EXPECT_THAT(told("redis://"), HasSubstr("names no host"));
  EXPECT_THAT(told("redis://h:99999"), HasSubstr("port"));
  EXPECT_THAT(told("redis://h:0"), HasSubstr("port 0"));
  EXPECT_THAT(told("redis://[::1"), HasSubstr("']'"));
  EXPECT_THAT(told("redis://h/zero"), HasSubstr("number of a database"));
  EXPECT_THAT(told("unix:///s?db=x"), HasSubstr("'db'"));
  EXPECT_THAT(told("redis://h?ttl=0s"), HasSubstr("'ttl'"));
  for (const std::string text :
       {"redis://anna:secret@h/zero", "redis://anna:secret@h?colour=red", "redis://anna:sec%ret@h",
        "redis://anna:secret@h?ttl=soon", "redis://anna:se?cret=@h", "redis://secret@h",
        "redis://anna:secret@h?chunk=lots&a"}) {
    const std::string message = told(text);
    EXPECT_NE(message, "nothing") << text;
    EXPECT_THAT(message, testing::Not(HasSubstr("secret"))) << message;
    EXPECT_THAT(message, testing::Not(HasSubstr("cret="))) << message;
  }
}

TEST(redis_address, a_key_is_what_some_store_made) {
  object what{.database = 7, .size_bytes = 1'000'000, .chunk_bytes = least_chunk_bytes};
  what.name[0] = std::byte{0xab};
  const key made = key_of(what, {42});
  const auto named = object_of(made);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, what.name);
  EXPECT_EQ(named->chunks(), 16U);
  EXPECT_EQ(named->bytes_of(15), 1'000'000U - 15 * least_chunk_bytes);
  EXPECT_EQ(chunk_name(*named, 0).text(), "farhold:{ab000000000000000000000000000000}");
  EXPECT_EQ(chunk_name(*named, 15).text(), "farhold:{ab000000000000000000000000000000}:15");

  EXPECT_FALSE(object_of(key({43}, 1'000'000, made.id()))) << "another type";
  EXPECT_FALSE(object_of(key({42}, 1'000'001, made.id()))) << "another size";
  EXPECT_FALSE(object_of(key({42}, 1'000'000, made.id().first(39)))) << "cut";
  std::vector<std::byte> changed(made.id().begin(), made.id().end());
  for (std::byte& b : changed) {
    b ^= std::byte{1};
    EXPECT_FALSE(object_of(key({42}, 1'000'000, changed)));
    b ^= std::byte{1};
  }
  what.chunk_bytes = 1024;
  EXPECT_FALSE(object_of(key_of(what, {42}))) << "pieces that no store makes";
  what.chunk_bytes = least_chunk_bytes;
  what.size_bytes = std::uint64_t{1} << 60U;
  EXPECT_FALSE(object_of(key_of(what, {42}))) << "more pieces than anybody can name";
}

}  // namespace
}  // namespace farhold::redis
