// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/local.hpp>

#include <cstdint>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/fails.hpp"

// What the reference connector does by itself; what every connector does is in the conformance suite.

namespace farhold {
namespace {

using namespace std::chrono_literals;
using doubles = std::vector<double>;

/// Lands in a vector of bytes.
class byte_landing final : public landing {
 public:
  std::vector<std::byte> bytes;
  bool out_of_memory = false;
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    bytes.resize(size_bytes + spare_bytes);
    return bytes.data();
  }
  status fill(byte_view source) noexcept override {
    if (out_of_memory) return {errc::out_of_memory, 0, "fill"};
    bytes.assign(source.begin(), source.end());
    return {};
  }
};

struct local_connector : testing::Test {
  std::unique_ptr<connector> local = local::connector();

  key put(std::string_view text) {
    reservation room;
    EXPECT_TRUE(local->reserve(text.size(), 1s, room).ok());
    if (!text.empty()) std::memcpy(room.memory.data(), text.data(), text.size());
    key made;
    EXPECT_TRUE(local->publish(room, type_id{1}, made).ok());
    return made;
  }
  errc get(const key& k, std::vector<std::byte>& bytes) {
    const boost::intrusive_ptr<byte_landing> where(new byte_landing);
    read_report report{.way = path::service};
    const status s = local->get(k, *where, 1s, report);
    if (s.ok()) {
      EXPECT_EQ(report.way, path::local);
    }
    bytes = where->bytes;
    return s.code;
  }
};

TEST_F(local_connector, memory_is_as_large_and_aligned_as_asked) {
  for (const std::uint64_t size : {0U, 1U, 63U, 64U, 65U, 4097U}) {
    reservation room;
    ASSERT_TRUE(local->reserve(size, 1s, room).ok());
    EXPECT_EQ(room.memory.size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(room.memory.data()) % 64, 0U);
    local->abandon(room);
  }
}

TEST_F(local_connector, reservation_is_no_object) {
  reservation room;
  ASSERT_TRUE(local->reserve(1, 1s, room).ok());
  local->abandon(room);
  key made;
  EXPECT_EQ(local->publish(room, type_id{1}, made).code, errc::invalid_argument);
}

TEST_F(local_connector, gives_each_object_a_key_of_its_own) {
  const key a = put("same"), b = put("same"), c = put("");
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size_bytes(), 4U);
  EXPECT_EQ(a.type(), type_id{1});
  std::vector<std::byte> bytes;
  EXPECT_EQ(get(a, bytes), errc::ok);
  EXPECT_EQ(std::memcmp(bytes.data(), "same", 4), 0);
  EXPECT_EQ(get(c, bytes), errc::ok);
  EXPECT_TRUE(bytes.empty());
}

TEST_F(local_connector, tells_stale_from_never_there) {
  const key k = put("x");
  EXPECT_TRUE(local->evict(k, 1s).ok());
  std::vector<std::byte> bytes;
  EXPECT_EQ(get(k, bytes), errc::stale);
  EXPECT_EQ(local->evict(k, 1s).code, errc::stale);
  const std::uint64_t next = 99;
  EXPECT_EQ(get(key(type_id{1}, 1, std::as_bytes(std::span(&next, 1))), bytes), errc::not_found);
  EXPECT_EQ(get(key(type_id{1}, 1, {}), bytes), errc::not_found);
}

TEST_F(local_connector, key_must_be_right_in_every_part) {
  const key k = put("x");
  std::vector<std::byte> bytes;
  EXPECT_NE(get(key(type_id{2}, 1, k.id()), bytes), errc::ok);
  EXPECT_NE(get(key(type_id{1}, 2, k.id()), bytes), errc::ok);
  EXPECT_EQ(get(key(type_id{1}, 1, k.id()), bytes), errc::ok);
}

TEST_F(local_connector, passes_on_what_the_landing_says) {
  const key k = put("x");
  const boost::intrusive_ptr<byte_landing> where(new byte_landing);
  where->out_of_memory = true;
  read_report report;
  EXPECT_EQ(local->get(k, *where, 1s, report).code, errc::out_of_memory);
}

TEST_F(local_connector, is_closed_after_close) {
  const key k = put("x");
  EXPECT_TRUE(local->close(1s).ok());
  reservation room;
  bool answer = false;
  std::vector<std::byte> bytes;
  EXPECT_EQ(local->reserve(1, 1s, room).code, errc::closed);
  EXPECT_EQ(get(k, bytes), errc::closed);
  EXPECT_EQ(local->exists(k, 1s, answer).code, errc::closed);
  EXPECT_EQ(local->evict(k, 1s).code, errc::closed);
}

TEST_F(local_connector, says_what_it_can_do) {
  EXPECT_FALSE(local->capabilities().other_processes);
  EXPECT_EQ(local->uri(), "") << "nobody else can open it";
}

TEST(local_store, carries_large_objects) {
  store s("large", local::connector());
  doubles values(4'000'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const auto p = s.proxy(values);
  EXPECT_EQ(p, values);
  EXPECT_EQ(s.metrics().on(path::local).bytes, 32'000'000U);
}

}  // namespace
}  // namespace farhold
