// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "rma/blocks.hpp"

// A block table over a small arena, on a clock that goes only when told to.

namespace farhold::rma {

using namespace std::chrono_literals;

constexpr std::uint64_t header = 4096;
constexpr std::uint64_t room = std::uint64_t{64} << 10U;  // for objects
constexpr std::uint64_t whole = room - sizeof(trailer);   // the largest payload
constexpr std::uint64_t incarnation = 77;
constexpr auto grace = 100ms;

class blocks_test : public ::testing::Test {
 protected:
  explicit blocks_test(std::chrono::nanoseconds g = grace) {
    table.emplace(memory.span(), header, incarnation, g, time.as_clock());
  }

  ticket publish(std::uint64_t length, std::uint64_t seed = 0, type_id type = type_id{5}) {
    std::uint32_t slot = 0;
    byte_span out;
    const status s = table->reserve(length, 0ns, slot, out);
    EXPECT_STATUS(ok, s);
    if (!s.ok()) return {};
    EXPECT_EQ(length, out.size());
    fill_pattern(out, seed);
    return table->publish(slot, length, type);
  }
  status reserve_and_abandon(std::uint64_t length, std::chrono::nanoseconds timeout = 0ns) {
    std::uint32_t slot = 0;
    byte_span out;
    const status s = table->reserve(length, timeout, slot, out);
    if (s.ok()) table->abandon(slot);
    return s;
  }
  std::byte* trailer_of(const ticket& t) {
    return memory.span().data() + t.offset + trailer_offset(t.length);
  }
  void expect_alive(const ticket& t, std::uint64_t seed) {
    byte_view payload;
    ASSERT_OK(table->pin(t, payload));
    EXPECT_EQ(t.length, payload.size());
    EXPECT_EQ(0U, count_wrong(payload, seed));
    table->unpin(t);
    EXPECT_STATUS(ok, compare(load_trailer(trailer_of(t)), t));
  }
  bool nothing_pinned() { return table->wait_unpinned(deadline(0ns)); }

  aligned_memory memory{header + room};
  fake_time time;
  std::optional<blocks> table;
};

class blocks_without_grace : public blocks_test {
 protected:
  blocks_without_grace() : blocks_test(0ns) {}
};

}  // namespace farhold::rma
