// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/key.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;

std::vector<std::byte> some_id(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<std::byte> id(size);
  for (std::byte& b : id) b = static_cast<std::byte>(random() & 255U);
  return id;
}

std::vector<std::byte> encoded(const key& k) {
  std::vector<std::byte> bytes(k.encoded_bytes());
  EXPECT_EQ(k.encode(bytes.data()), bytes.data() + bytes.size());
  return bytes;
}

TEST(key, default_constructed_names_nothing) {
  const key none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size_bytes(), 0U);
  EXPECT_EQ(none.type(), type_id{});
  EXPECT_EQ(none, key());
}

TEST(key, shows_what_it_was_made_of) {
  const auto id = some_id(32);
  const key k(type_id{7}, 4096, id);
  EXPECT_FALSE(k.empty());
  EXPECT_EQ(k.type(), type_id{7});
  EXPECT_EQ(k.size_bytes(), 4096U);
  EXPECT_TRUE(std::ranges::equal(k.id(), id));
}

TEST(key, comes_back_from_its_encoding_at_every_length) {
  for (std::size_t size = 0; size <= key::max_id_bytes; ++size) {
    const key k(type_id{~std::uint64_t{0} - size}, size << 40U, some_id(size));
    auto bytes = encoded(k);
    ASSERT_LE(bytes.size(), key::max_encoded_bytes);
    bytes.push_back(std::byte{0xAB});  // what follows stays
    byte_view rest = bytes;
    EXPECT_EQ(key::decode(rest), k) << size;
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0], std::byte{0xAB});
  }
}

TEST(key, refuses_an_identifier_that_is_too_long) {
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return key(type_id{1}, 1, some_id(key::max_id_bytes + 1)); },
                    {"239", "240"}));
}

TEST(key, truncated_at_every_length_is_an_error) {
  const auto bytes = encoded(key(type_id{1}, 2, some_id(32)));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    // A copy of exact size, so that a sanitizer sees a read past the end.
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    byte_view rest = cut;
    EXPECT_TRUE(fails(errc::truncated, [&] { return key::decode(rest); })) << length;
    EXPECT_EQ(rest.size(), length) << "a failed decode must not take anything";
  }
}

TEST(key, with_an_impossible_length_is_corrupt) {
  auto bytes = encoded(key(type_id{1}, 2, some_id(key::max_id_bytes)));
  for (int length = key::max_id_bytes + 1; length < 256; ++length) {
    bytes[16] = static_cast<std::byte>(length);
    bytes.resize(17 + static_cast<std::size_t>(length));
    byte_view rest = bytes;
    EXPECT_TRUE(fails(errc::corrupt, [&] { return key::decode(rest); })) << length;
  }
}

// A key alone has no checksum, so that any bytes may be a key. They must be one, or an error; never a crash.
TEST(key, takes_random_bytes_without_harm) {
  std::mt19937 random(20240229);
  int decoded = 0;
  for (int round = 0; round < 20000; ++round) {
    auto bytes = some_id(random() % 300, static_cast<unsigned>(round));
    if (bytes.size() > 16 && random() % 2 == 0) bytes[16] = static_cast<std::byte>(random() % 64);
    byte_view rest = bytes;
    try {
      const key k = key::decode(rest);
      ++decoded;
      ASSERT_TRUE(std::ranges::equal(encoded(k), byte_view(bytes).first(bytes.size() - rest.size())));
    } catch (const error& problem) {
      ASSERT_TRUE(problem.kind() == errc::truncated || problem.kind() == errc::corrupt) << problem.what();
      ASSERT_EQ(rest.size(), bytes.size());
    }
  }
  EXPECT_GT(decoded, 1000);
}

TEST(key, order_is_total_and_equality_is_identity_of_all_parts) {
  const std::vector<key> keys = {
      key(),
      key(type_id{0}, 0, some_id(1)),
      key(type_id{1}, 0, {}),
      key(type_id{1}, 8, some_id(3, 5)),
      key(type_id{1}, 8, some_id(4, 5)),
      key(type_id{1}, 8, some_id(4, 6)),
      key(type_id{1}, 9, some_id(4, 5)),
      key(type_id{2}, 8, some_id(4, 5)),
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = 0; j < keys.size(); ++j) {
      EXPECT_EQ(keys[i] == keys[j], i == j) << i << ' ' << j;
      EXPECT_EQ(keys[i]<keys[j], keys[j]> keys[i]);
      EXPECT_EQ((keys[i] <=> keys[j]) == 0, i == j);
      for (std::size_t k = 0; k < keys.size(); ++k) {
        if (keys[i] < keys[j] && keys[j] < keys[k]) {
          EXPECT_LT(keys[i], keys[k]);
        }
      }
    }
  }
  EXPECT_EQ(std::set<key>(keys.begin(), keys.end()).size(), keys.size());
  EXPECT_EQ(std::unordered_set<key>(keys.begin(), keys.end()).size(), keys.size());
}

TEST(key, order_compares_identifiers_byte_by_byte_and_unsigned) {
  const std::vector<std::byte> low = {std::byte{0x7F}}, high = {std::byte{0x80}};
  EXPECT_LT(key(type_id{1}, 1, low), key(type_id{1}, 1, high));
}

TEST(key, hash_depends_on_every_part) {
  const std::hash<key> hash;
  const key k(type_id{1}, 8, some_id(16));
  EXPECT_EQ(hash(k), hash(key(type_id{1}, 8, some_id(16))));
  EXPECT_NE(hash(k), hash(key(type_id{2}, 8, some_id(16))));
  EXPECT_NE(hash(k), hash(key(type_id{1}, 9, some_id(16))));
  EXPECT_NE(hash(k), hash(key(type_id{1}, 8, some_id(16, 2))));
  EXPECT_NE(hash(k), hash(key(type_id{1}, 8, some_id(15))));
}

TEST(key, hash_spreads_counters) {  // as the local connector makes them
  std::unordered_set<std::size_t> hashes;
  for (std::uint64_t number = 0; number < 10000; ++number) {
    hashes.insert(std::hash<key>{}(key(type_id{1}, 8, std::as_bytes(std::span(&number, 1)))));
  }
  EXPECT_EQ(hashes.size(), 10000U);
}

TEST(key, prints_its_encoding_in_hexadecimal) {
  const std::vector<std::byte> id = {std::byte{0xAB}, std::byte{0x01}};
  EXPECT_EQ(key(type_id{0x10}, 2, id).to_string(),
            "1000000000000000"
            "0200000000000000"
            "02ab01");
}

}  // namespace
}  // namespace farhold
