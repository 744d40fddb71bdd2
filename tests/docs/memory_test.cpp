// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What docs/memory.md shows.
#include <memory_resource>
#include <new>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

namespace {

template <class E>
struct uninitialised : std::pmr::polymorphic_allocator<E> {
  using std::pmr::polymorphic_allocator<E>::polymorphic_allocator;
  template <class U>
  struct rebind {
    using other = uninitialised<U>;
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
};

TEST(memory_page, a_field_that_is_not_zeroed_is_born_in_place) {
  farhold::store store("fields");
  constexpr std::size_t cells = 100'000;
  std::vector<double, uninitialised<double>> field(cells, store.memory_resource());
  for (std::size_t i = 0; i < cells; ++i) field[i] = static_cast<double>(i);
  auto p = store.proxy(std::move(field));
  EXPECT_EQ(1U, store.metrics().published_in_place);
  EXPECT_EQ(cells, p->size());
  EXPECT_EQ(99'999.0, p->back());
}

}  // namespace
