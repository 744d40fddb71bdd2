// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstddef>
#include <new>
#include <vector>

#include "pattern.hpp"

namespace farhold::bench {

/// Memory that begins on a page.
template <class T>
struct page_allocator {
  using value_type = T;
  static constexpr std::align_val_t page{4096};

  page_allocator() = default;
  template <class Other>
  page_allocator(const page_allocator<Other>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), page)); }
  void deallocate(T* at, std::size_t) noexcept { ::operator delete(at, page); }
  bool operator==(const page_allocator&) const = default;
};

/// What raw reads land in. Large memory of malloc's begins 16 bytes into a page, and into such a place the
/// kernel of an AMD EPYC (process_vm_readv, 1 MiB) copied four times as slowly as to the start of one, where
/// farhold's recycled memory begins.
using warm_words = std::vector<word, page_allocator<word>>;

}  // namespace farhold::bench
