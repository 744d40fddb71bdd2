// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory_resource>
#include <new>

namespace farhold::bench {

/// Memory of a memory resource, whose elements hold anything until they are written (docs/memory.md).
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

}  // namespace farhold::bench
