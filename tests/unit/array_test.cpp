// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/array.hpp>

#include <cstdint>
#include <cstdlib>
#include <list>
#include <new>
#include <numeric>
#include <ranges>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/memory_connector.hpp"
#include "support/sanitized.hpp"

namespace {

std::atomic<std::uint64_t> large_allocations{0};

}  // namespace

// Everything large that this program asks for is counted, where no sanitizer has operators of its own.
#if FARHOLD_TEST_THREAD_SANITIZER || FARHOLD_TEST_ADDRESS_SANITIZER
constexpr bool counts_allocations = false;
#else
constexpr bool counts_allocations = true;

namespace {

constexpr std::size_t large_bytes = 4096;

void* counted(std::size_t size_bytes, std::size_t alignment) noexcept {
  if (size_bytes >= large_bytes) ++large_allocations;
  return std::aligned_alloc(
      alignment, (size_bytes + alignment - 1) / alignment * alignment + (size_bytes == 0) * alignment);
}

}  // namespace

void* operator new(std::size_t size_bytes) {
  if (void* const memory = counted(size_bytes, 16)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size_bytes, const std::nothrow_t&) noexcept { return counted(size_bytes, 16); }
void* operator new(std::size_t size_bytes, std::align_val_t alignment) {
  if (void* const memory = counted(size_bytes, static_cast<std::size_t>(alignment))) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size_bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(size_bytes, static_cast<std::size_t>(alignment));
}
// GCC inlines them into callers and then takes `free` for the wrong partner of `new`.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace farhold {
namespace {

using doubles = std::vector<double>;

static_assert(std::ranges::contiguous_range<array<int>> && std::ranges::sized_range<const array<int>>);
static_assert(!std::ranges::view<array<int>> && !std::ranges::borrowed_range<array<int>>);
static_assert(std::is_nothrow_move_constructible_v<array<int>> &&
              std::is_nothrow_move_assignable_v<array<int>>);
static_assert(detail::direct_range<array<int>> && detail::adoptable<array<int>>);
static_assert(std::is_convertible_v<array<int>&, std::span<int>>);
static_assert(std::is_convertible_v<const array<int>&, std::span<const int>>);
static_assert(std::totally_ordered<array<int>>);

TEST(array, is_like_a_vector) {
  array<int> a{1, 2, 3};
  EXPECT_EQ(a.size(), 3U);
  EXPECT_EQ(a.front(), 1);
  EXPECT_EQ(a.back(), 3);
  EXPECT_EQ(a[1], 2);
  EXPECT_EQ(a.at(2), 3);
  EXPECT_THROW(static_cast<void>(a.at(3)), std::out_of_range);
  a[1] = 5;
  EXPECT_EQ(std::accumulate(a.begin(), a.end(), 0), 9);
  EXPECT_EQ(*a.rbegin(), 3);
  EXPECT_EQ(a, (array<int>{1, 5, 3}));
  EXPECT_LT(a, (array<int>{1, 5, 4}));
  EXPECT_GT(a, (array<int>{1, 5}));
  EXPECT_EQ(std::span<const int>(a).data(), a.data());
  EXPECT_EQ((array<int>(3, 7)), (array<int>{7, 7, 7}));
  const std::list<int> list{4, 5};
  EXPECT_EQ(array<int>(list.begin(), list.end()), (array<int>{4, 5}));
  EXPECT_EQ(array<int>(std::span<const int>(a)), a);
  EXPECT_TRUE(array<int>().empty());
  EXPECT_EQ(array<int>(), array<int>(std::size_t{0}));
  EXPECT_THROW(array<int>(SIZE_MAX / 2), std::length_error);
  EXPECT_THROW(array<int>(SIZE_MAX / 16), std::bad_alloc);
}

TEST(array, is_aligned_to_64) {
  for (std::size_t size = 1; size < 5000; size += 333) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array<char>(size).data()) % 64, 0U);
  }
}

TEST(array, is_copied_and_moved) {
  array<int> a{1, 2, 3};
  array<int> b = a;
  EXPECT_EQ(a, b);
  EXPECT_NE(a.data(), b.data());
  const int* const elements = a.data();
  array<int> c = std::move(a);
  EXPECT_EQ(c.data(), elements);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  b = {9};
  EXPECT_EQ(b, (array<int>{9}));
  b = c;
  EXPECT_EQ(b, c);
  const array<int>& same = b;
  b = same;
  EXPECT_EQ(b, c);
  swap(b, a);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(a, c);
}

TEST(array, resizes_without_a_touch) {
  array<int> a{1, 2, 3};
  a.resize(2);
  EXPECT_EQ(a, (array<int>{1, 2}));
  a.resize(100'000);
  EXPECT_EQ(a.size(), 100'000U);
  EXPECT_EQ(a[0], 1);
  EXPECT_EQ(a[1], 2);
  std::fill(a.begin(), a.end(), 7);
  a.resize(0);
  a.resize(100'000);
  EXPECT_EQ(a[99'999], 7) << "it was initialised";
  EXPECT_THROW(a.resize(SIZE_MAX / 2), std::length_error);
  EXPECT_EQ(a.size(), 100'000U) << "as it was";
  const std::list<int> list{4, 5};
  a.assign(list.begin(), list.end());
  EXPECT_EQ(a, (array<int>{4, 5}));
  a.clear();
  EXPECT_TRUE(a.empty());
}

struct landing_in_arrays : testing::TestWithParam<test::landing_way> {
  std::shared_ptr<test::memory_watch> watch = std::make_shared<test::memory_watch>();
  store s{"arrays", std::make_unique<test::memory_connector>(watch), {.inline_bytes = 0}};
  void SetUp() override { watch->way = GetParam(); }
};

TEST_P(landing_in_arrays, is_landing_where_they_stay) {
  for (const std::size_t size : {0U, 1U, 7U, 32U, 1000U, 65536U}) {
    array<double> values(size);
    std::iota(values.begin(), values.end(), 0.5);
    const auto p = s.proxy(values);
    EXPECT_EQ(*p, values);
    EXPECT_EQ(s.get<doubles>(p.key()), doubles(values.begin(), values.end()))
        << "the container does not count";
    const auto q = s.proxy_from_key<array<double>>(s.put(doubles(values.begin(), values.end())));
    EXPECT_EQ(*q, values);
    EXPECT_EQ(s.get<array<double>>(p.key()), values);
  }
  EXPECT_EQ((*s.proxy(array<char>{'a', 'b', 'c'})), (array<char>{'a', 'b', 'c'}));
}

TEST_P(landing_in_arrays, takes_nothing_from_the_system_for_a_size_seen_before) {
  for (const std::size_t size_bytes : {std::size_t{4096}, std::size_t{100'000}, std::size_t{16} << 20U}) {
    const key k = s.put(array<char>(size_bytes, 'x'));
    const auto twice = [&] {
      const auto p = s.proxy_from_key<array<char>>(k);
      ASSERT_EQ(p.size(), size_bytes);
      ASSERT_EQ(s.get<array<char>>(k)[size_bytes - 1], 'x');
    };
    twice();
    const std::uint64_t before = large_allocations;
    const std::uint64_t from_system = detail::count_recycled().from_system;
    for (int i = 0; i < 10; ++i) twice();
    EXPECT_EQ(detail::count_recycled().from_system, from_system);
    // The connectors that act as a fabric have a vector of their own under way.
    const bool direct = GetParam() == test::landing_way::local;
    EXPECT_EQ(large_allocations - before, direct || !counts_allocations ? 0U : 20U);
  }
}

INSTANTIATE_TEST_SUITE_P(ways, landing_in_arrays,
                         testing::Values(test::landing_way::local, test::landing_way::fill,
                                         test::landing_way::prepare, test::landing_way::revocable));

TEST(array_on_the_wire, refuses_a_size_that_fits_no_elements) {
  store s("torn", local::connector(), {.inline_bytes = 0});
  const key k = s.put(array<double>(2, 1.0));
  const key torn(k.type(), 15, k.id());
  EXPECT_THROW(static_cast<void>(s.get<array<double>>(torn)), error);
}

}  // namespace
}  // namespace farhold
