// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <farhold/detail/recycler.hpp>

namespace farhold {

template <class E>
class array;

namespace detail {
/// The array of the first `size` elements that landed in `memory`.
template <class E>
array<E> array_of_landed(recycled_memory memory, std::size_t size) noexcept;
}  // namespace detail

/// A run of plain elements to land in: like a vector, except that new elements are not initialised and that
/// its memory is used again.
///
/// A `std::vector` zeroes what a read is about to overwrite, and its memory comes from the system page by
/// page; both cost more than the read. Objects stored from any contiguous range of E resolve as an
/// `array<E>`.
///
/// Lifetime  A value; moves leave an empty array. Its memory, aligned to 64, returns to a cache of the thread
///           that lets it go (at most 64 MiB per thread, 1 GiB per process).
/// Threads   As a vector.
/// Errors    `std::bad_alloc`, `std::length_error`, `std::out_of_range`, as a vector; the strong guarantee.
template <class E>
class array {
  static_assert(std::is_trivially_copyable_v<E> && std::is_same_v<E, std::remove_cv_t<E>>,
                "farhold::array<E>: E is a trivially copyable type without const; use std::vector");
  static_assert(alignof(E) <= detail::recycled_memory::alignment,
                "farhold::array<E>: E is aligned to more than 64 bytes");

 public:
  using value_type = E;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = E&;
  using const_reference = const E&;
  using pointer = E*;
  using const_pointer = const E*;
  using iterator = E*;
  using const_iterator = const E*;
  using reverse_iterator = std::reverse_iterator<iterator>;
  using const_reverse_iterator = std::reverse_iterator<const_iterator>;

  array() noexcept = default;
  /// `size` elements that hold anything.
  explicit array(size_type size) { resize(size); }
  array(size_type size, const E& value) : array(size) { std::uninitialized_fill_n(data(), size, value); }
  template <std::forward_iterator Iterator>
  array(Iterator first, Iterator last) : array(static_cast<size_type>(std::distance(first, last))) {
    std::uninitialized_copy(first, last, data());
  }
  array(std::initializer_list<E> elements) : array(elements.begin(), elements.end()) {}
  explicit array(std::span<const E> elements) : array(elements.size()) { copy_from(elements.data()); }

  array(const array& other) : array(other.size_) { copy_from(other.data()); }
  array(array&& other) noexcept : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}
  array& operator=(const array& other) {
    if (this != &other) {
      make_room(other.size_, 0);
      size_ = other.size_;
      copy_from(other.data());
    }
    return *this;
  }
  array& operator=(array&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  array& operator=(std::initializer_list<E> elements) { return *this = array(elements); }
  ~array() = default;

  [[nodiscard]] size_type size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] size_type capacity() const noexcept { return memory_.size_bytes() / sizeof(E); }
  [[nodiscard]] static constexpr size_type max_size() noexcept {
    return static_cast<size_type>(std::numeric_limits<difference_type>::max()) / sizeof(E);
  }

  [[nodiscard]] E* data() noexcept { return reinterpret_cast<E*>(memory_.data()); }
  [[nodiscard]] const E* data() const noexcept { return reinterpret_cast<const E*>(memory_.data()); }

  [[nodiscard]] iterator begin() noexcept { return data(); }
  [[nodiscard]] iterator end() noexcept { return data() + size_; }
  [[nodiscard]] const_iterator begin() const noexcept { return data(); }
  [[nodiscard]] const_iterator end() const noexcept { return data() + size_; }
  [[nodiscard]] const_iterator cbegin() const noexcept { return begin(); }
  [[nodiscard]] const_iterator cend() const noexcept { return end(); }
  [[nodiscard]] reverse_iterator rbegin() noexcept { return reverse_iterator(end()); }
  [[nodiscard]] reverse_iterator rend() noexcept { return reverse_iterator(begin()); }
  [[nodiscard]] const_reverse_iterator rbegin() const noexcept { return const_reverse_iterator(end()); }
  [[nodiscard]] const_reverse_iterator rend() const noexcept { return const_reverse_iterator(begin()); }

  [[nodiscard]] E& operator[](size_type i) noexcept { return data()[i]; }
  [[nodiscard]] const E& operator[](size_type i) const noexcept { return data()[i]; }
  [[nodiscard]] E& at(size_type i) { return data()[checked(i)]; }
  [[nodiscard]] const E& at(size_type i) const { return data()[checked(i)]; }
  [[nodiscard]] E& front() noexcept { return data()[0]; }
  [[nodiscard]] const E& front() const noexcept { return data()[0]; }
  [[nodiscard]] E& back() noexcept { return data()[size_ - 1]; }
  [[nodiscard]] const E& back() const noexcept { return data()[size_ - 1]; }

  /// Keeps the elements that both sizes have; new ones hold anything.
  void resize(size_type size) {
    make_room(size, std::min(size, size_));
    size_ = size;
  }
  template <std::forward_iterator Iterator>
  void assign(Iterator first, Iterator last) {
    *this = array(first, last);
  }
  void clear() noexcept { size_ = 0; }

  void swap(array& other) noexcept {
    memory_.swap(other.memory_);
    std::swap(size_, other.size_);
  }
  friend void swap(array& a, array& b) noexcept { a.swap(b); }

  [[nodiscard]] friend bool operator==(const array& a, const array& b) requires std::equality_comparable<E> {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
  [[nodiscard]] friend auto operator<=>(const array& a,
                                        const array& b) requires std::three_way_comparable<E> {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  friend array detail::array_of_landed<E>(detail::recycled_memory, std::size_t) noexcept;

  void make_room(size_type size, size_type kept) {
    if (size <= capacity()) return;
    if (size > max_size()) throw std::length_error("farhold::array: more elements than memory can hold");
    detail::recycled_memory larger(size * sizeof(E));
    if (larger.data() == nullptr) throw std::bad_alloc();
    if (kept > 0) std::memcpy(larger.data(), memory_.data(), kept * sizeof(E));
    memory_ = std::move(larger);
  }
  void copy_from(const E* elements) noexcept {
    if (size_ > 0) std::memcpy(memory_.data(), elements, size_ * sizeof(E));
  }
  [[nodiscard]] size_type checked(size_type i) const {
    if (i >= size_) throw std::out_of_range("farhold::array: no element has this index");
    return i;
  }

  detail::recycled_memory memory_;
  size_type size_ = 0;
};

template <class E>
array<E> detail::array_of_landed(recycled_memory memory, std::size_t size) noexcept {
  array<E> made;
  made.memory_ = std::move(memory);
  made.size_ = size;
  return made;
}

}  // namespace farhold
