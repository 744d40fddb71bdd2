// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "rma/allocator.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace farhold::rma {
namespace {

constexpr std::uint64_t granule = allocator::granule_bytes;
constexpr std::uint64_t begin = 4096;

std::uint64_t rounded(std::uint64_t bytes) {
  return std::max<std::uint64_t>((bytes + granule - 1) / granule, 1) * granule;
}

/// The simplest allocator that could be right: knows which blocks are out, and what must hold of them.
class model {
 public:
  explicit model(std::uint64_t end) : end_(end) {}

  void took(const allocator& a, std::uint32_t block, std::uint64_t bytes) {
    const std::uint64_t offset = a.offset(block);
    const std::uint64_t size = a.size(block);
    ASSERT_GE(size, bytes);
    ASSERT_EQ(0U, offset % granule);
    ASSERT_GE(offset, begin);
    ASSERT_LE(offset + size, end_);
    const auto after = blocks_.lower_bound(offset);
    if (after != blocks_.end()) {
      ASSERT_LE(offset + size, after->first) << "overlaps the block behind";
    }
    if (after != blocks_.begin()) {
      const auto before = std::prev(after);
      ASSERT_LE(before->first + before->second, offset) << "overlaps the block in front";
    }
    blocks_.emplace(offset, size);
    out_ += size;
  }
  void gave_back(std::uint64_t offset, std::uint64_t size) {
    ASSERT_EQ(1U, blocks_.erase(offset));
    out_ -= size;
  }
  /// Nothing is lost: what is not out is free.
  [[nodiscard]] std::uint64_t expected_free() const { return end_ - begin - out_; }
  /// If neighbours are always merged, this is the largest hole between the blocks that are out.
  [[nodiscard]] std::uint64_t largest_hole() const {
    std::uint64_t largest = 0;
    std::uint64_t at = begin;
    for (const auto& [offset, size] : blocks_) {
      largest = std::max(largest, offset - at);
      at = offset + size;
    }
    return std::max(largest, end_ - at);
  }

 private:
  std::uint64_t end_;
  std::uint64_t out_ = 0;
  std::map<std::uint64_t, std::uint64_t> blocks_;
};

struct taken {
  std::uint32_t block;
  std::uint64_t offset;
  std::uint64_t size;
};

TEST(allocator, nothing_fits_into_nothing) {
  allocator empty(begin, begin, 16);
  EXPECT_EQ(allocator::none, empty.allocate(0));
  EXPECT_EQ(0U, empty.free_bytes());
  EXPECT_EQ(0U, empty.largest_free_bytes());

  allocator no_records(begin, begin + 4096, 0);
  EXPECT_EQ(allocator::none, no_records.allocate(64));
}

TEST(allocator, sizes_that_overflow_are_refused) {
  allocator a(begin, begin + 4096, 16);
  for (std::uint64_t less = 0; less < 200; ++less) {
    EXPECT_EQ(allocator::none, a.allocate(~std::uint64_t{0} - less)) << less;
  }
  EXPECT_EQ(allocator::none, a.allocate(std::uint64_t{1} << 63U));
  EXPECT_EQ(4096U, a.free_bytes());
}

TEST(allocator, the_whole_range_is_one_block_and_one_byte_more_is_none) {
  for (const std::uint64_t granules : {1U, 2U, 15U, 16U, 17U, 31U, 33U, 1000U, 65536U}) {
    const std::uint64_t bytes = granules * granule;
    allocator a(begin, begin + bytes, 16);
    EXPECT_EQ(allocator::none, a.allocate(bytes + 1));
    const std::uint32_t whole = a.allocate(bytes);
    ASSERT_NE(allocator::none, whole) << bytes;
    EXPECT_EQ(begin, a.offset(whole));
    EXPECT_EQ(0U, a.free_bytes());
    EXPECT_EQ(allocator::none, a.allocate(0));
    a.release(whole);
    EXPECT_EQ(bytes, a.largest_free_bytes());
    const std::uint32_t less = a.allocate(bytes - granule + 1);
    ASSERT_NE(allocator::none, less);
    EXPECT_EQ(0U, a.free_bytes()) << "a size is rounded up to the granule";
  }
}

/// All ways to take blocks of 1 to 3 granules from a range of 6 and to give them back, in every order.
class every_sequence {
 public:
  explicit every_sequence(std::uint64_t range_granules) : range_(range_granules) {}

  void run(std::vector<int>& moves, int depth) {
    replay(moves);
    ++visited;
    if (depth == 0 || ::testing::Test::HasFatalFailure()) return;
    for (int move = -out_; move <= 3;
         ++move) {  // below zero: give back the n-th; else: take so many granules
      if (move == 0) continue;
      moves.push_back(move);
      run(moves, depth - 1);
      moves.pop_back();
      replay(moves);  // `out_` of this node again
    }
  }

  std::uint64_t visited = 0;

 private:
  void replay(const std::vector<int>& moves) {
    const std::uint64_t end = begin + range_ * granule;
    allocator a(begin, end, 32);
    model m(end);
    std::vector<taken> out;
    for (const int move : moves) {
      if (move < 0) {
        const auto at = out.begin() + (-move - 1);
        m.gave_back(at->offset, at->size);
        a.release(at->block);
        out.erase(at);
      } else {
        const std::uint64_t bytes = static_cast<std::uint64_t>(move) * granule;
        const bool fits = m.largest_hole() >= bytes;
        const std::uint32_t block = a.allocate(bytes);
        ASSERT_EQ(fits,
                  block != allocator::none);  // with merged neighbours and so few blocks it always finds room
        if (block == allocator::none) continue;
        ASSERT_EQ(bytes, a.size(block));
        m.took(a, block, bytes);
        out.push_back({block, a.offset(block), a.size(block)});
      }
      ASSERT_EQ(m.expected_free(), a.free_bytes());
      ASSERT_EQ(m.largest_hole(), a.largest_free_bytes());
    }
    out_ = static_cast<int>(out.size());
  }

  std::uint64_t range_;
  int out_ = 0;
};

TEST(allocator, every_short_sequence_keeps_the_rules) {
  every_sequence sequences(6);
  std::vector<int> moves;
  sequences.run(moves, 7);
  EXPECT_GT(sequences.visited, 40'000U);
}

/// Sizes as programs have them: many small ones, few large ones, powers of two and just above.
std::uint64_t some_size(std::mt19937_64& random, std::uint64_t largest) {
  const std::uint64_t magnitude = std::uint64_t{1} << (random() % 18);
  switch (random() % 3) {
    case 0: return std::min(magnitude, largest);
    case 1: return std::min(magnitude + 64, largest);
    default: return std::min(random() % (2 * magnitude), largest);
  }
}

TEST(allocator, random_use_keeps_the_rules) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    SCOPED_TRACE(seed);
    constexpr std::uint64_t end = begin + (std::uint64_t{1} << 20U);
    allocator a(begin, end, 16384);
    model m(end);
    std::mt19937_64 random(seed);
    std::vector<taken> out;
    for (int i = 0; i < 50'000; ++i) {
      if (out.empty() || random() % 100 < (i / 5000 % 2 == 0 ? 60U : 40U)) {
        const std::uint64_t bytes = some_size(random, 1U << 17U);
        const std::uint32_t block = a.allocate(bytes);
        if (block == allocator::none) {
          // Of 4096 blocks in the right class it may miss one that fits; there are never so many here.
          ASSERT_LT(m.largest_hole(), rounded(bytes));
          continue;
        }
        ASSERT_EQ(rounded(bytes), a.size(block));
        m.took(a, block, bytes);
        if (::testing::Test::HasFatalFailure()) return;
        out.push_back({block, a.offset(block), a.size(block)});
      } else {
        std::swap(out[random() % out.size()], out.back());
        ASSERT_EQ(out.back().offset, a.offset(out.back().block))
            << "a block's record changed while it was out";
        m.gave_back(out.back().offset, out.back().size);
        a.release(out.back().block);
        out.pop_back();
      }
      ASSERT_EQ(m.expected_free(), a.free_bytes());
      if (i % 97 == 0) {
        ASSERT_EQ(m.largest_hole(), a.largest_free_bytes());
      }
    }
    for (const taken& t : out) a.release(t.block);
    EXPECT_EQ(end - begin, a.largest_free_bytes()) << "all given back is one block again";
  }
}

TEST(allocator, without_records_blocks_get_larger_and_nothing_is_lost) {
  constexpr std::uint32_t records = 4;
  constexpr std::uint64_t end = begin + 64 * granule;
  allocator a(begin, end, records);
  std::vector<std::uint32_t> blocks;
  for (std::uint32_t block = a.allocate(granule); block != allocator::none; block = a.allocate(granule)) {
    ASSERT_LT(block, records);
    blocks.push_back(block);
  }
  ASSERT_EQ(records, blocks.size());
  EXPECT_EQ(0U, a.free_bytes());
  EXPECT_EQ(61 * granule, a.size(blocks.back())) << "the last one got what could not be described";
  for (const std::uint32_t block : blocks) a.release(block);
  EXPECT_EQ(end - begin, a.largest_free_bytes());
  EXPECT_NE(allocator::none, a.allocate(64 * granule));
}

TEST(allocator, a_million_cycles_leave_it_usable) {
  // Half full, blocks of 64 B to 128 KiB that live for random times. What matters to users is that a large
  // object still finds room: of the 32 MiB that are free, 25 MiB were always in one piece.
  constexpr std::uint64_t bytes = std::uint64_t{64} << 20U;
  allocator a(begin, begin + bytes, 1U << 18U);
  std::mt19937_64 random(7);
  std::vector<std::uint32_t> out;
  std::uint64_t smallest_hole = bytes;
  std::uint64_t refused = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::uint64_t wanted = some_size(random, 1U << 17U);
    const std::uint32_t block = a.allocate(wanted);
    if (block == allocator::none) {
      ++refused;
    } else {
      out.push_back(block);
    }
    while (a.free_bytes() < bytes / 2) {
      std::swap(out[random() % out.size()], out.back());
      a.release(out.back());
      out.pop_back();
    }
    if (i % 1000 == 0) smallest_hole = std::min(smallest_hole, a.largest_free_bytes());
  }
  EXPECT_EQ(0U, refused);
  EXPECT_GE(smallest_hole, bytes / 4);
  RecordProperty("smallest_hole", std::to_string(smallest_hole));
  RecordProperty("records", std::to_string(a.block_count()));
  for (const std::uint32_t block : out) a.release(block);
  EXPECT_EQ(bytes, a.largest_free_bytes());
}

}  // namespace
}  // namespace farhold::rma
