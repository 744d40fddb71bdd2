// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include <farhold/connector.hpp>
#include <farhold/detail/recycled_target.hpp>
#include <farhold/serializer.hpp>

namespace farhold::detail {

/// The object a proxy turns into, together with the memory its bytes land in: one allocation, counted.
template <class T>
class target : public landing {
 public:
  /// Null until `finish` succeeded.
  [[nodiscard]] T* object() const noexcept { return object_; }
  /// Makes the object of the `size_bytes` bytes that landed. Throws `corrupt`, or what a serializer throws.
  virtual void finish(std::uint64_t size_bytes) = 0;
  /// Whether it refers to memory that the process it was made in has, and this one, a forked child, has not.
  [[nodiscard]] virtual bool left_behind() const noexcept { return false; }

 protected:
  T* object_ = nullptr;
};
template <class T>
using target_ptr = boost::intrusive_ptr<target<T>>;

inline status no_landing_memory() noexcept { return {errc::out_of_memory, 0, "allocate landing memory"}; }

/// A container whose elements land where they stay.
template <class T>
class range_target final : public target<T> {
  using element = std::ranges::range_value_t<T>;

 public:
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    try {
      // One element at least: an empty container has no memory, and null would say that there is none left.
      range_.resize(
          std::max<std::uint64_t>(1, (size_bytes + spare_bytes + sizeof(element) - 1) / sizeof(element)));
    } catch (...) {
      return nullptr;
    }
    return reinterpret_cast<std::byte*>(std::ranges::data(range_));
  }

  status fill(byte_view source) noexcept override {
    try {
      if (reinterpret_cast<std::uintptr_t>(source.data()) % alignof(element) == 0) {
        const auto* const first = reinterpret_cast<const element*>(source.data());
        range_.assign(first, first + source.size() / sizeof(element));  // one pass, no zeroing first
      } else {  // elements aligned to more than their source is
        range_.resize(source.size() / sizeof(element));
        if (!range_.empty())
          std::memcpy(std::ranges::data(range_), source.data(), range_.size() * sizeof(element));
      }
    } catch (...) {
      return no_landing_memory();
    }
    return {};
  }

  void finish(std::uint64_t size_bytes) override {
    if (size_bytes % sizeof(element) != 0)
      throw error(errc::corrupt, "the size is no multiple of the element's");
    range_.resize(size_bytes / sizeof(element));
    check_image<element>(std::as_bytes(std::span(std::ranges::data(range_), range_.size())));
    this->object_ = std::addressof(range_);
  }

 private:
  T range_;
};

/// A trivially copyable object.
template <class T>
class object_target final : public target<T> {
 public:
  /// Room for the trailer that a one-sided read brings along, and its padding.
  static constexpr std::uint64_t spare_capacity = 72;

  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    return size_bytes == sizeof(T) && spare_bytes <= spare_capacity ? storage_ : nullptr;
  }
  status fill(byte_view source) noexcept override {
    if (source.size() != sizeof(T)) return {errc::corrupt, 0, "compare the object's size with its type"};
    std::memcpy(storage_, source.data(), sizeof(T));
    return {};
  }
  void finish(std::uint64_t size_bytes) override {
    if (size_bytes != sizeof(T)) throw error(errc::corrupt, "the size is not the type's");
    check_image<T>({storage_, sizeof(T)});
    this->object_ = std::launder(reinterpret_cast<T*>(storage_));
  }

 private:
  alignas(T) alignas(8) std::byte storage_[sizeof(T) + spare_capacity];
};

/// An object that a serializer makes of bytes, which are dropped afterwards.
template <class T>
class archive_target final : public target<T> {
 public:
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    bytes_.reset(new (std::nothrow) std::byte[size_bytes + spare_bytes]);
    return bytes_.get();
  }
  status fill(byte_view source) noexcept override {
    std::byte* const memory = prepare(source.size(), 0);
    if (memory == nullptr) return no_landing_memory();
    if (!source.empty()) std::memcpy(memory, source.data(), source.size());
    return {};
  }
  void finish(std::uint64_t size_bytes) override {
    value_.emplace(serializer<T>::read({bytes_.get(), size_bytes}));
    bytes_.reset();
    this->object_ = std::addressof(*value_);
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::optional<T> value_;
};

/// What a plain callable returned.
template <class T>
class value_target final : public target<T> {
 public:
  explicit value_target(T&& value) : value_(std::move(value)) { this->object_ = std::addressof(value_); }
  std::byte* prepare(std::uint64_t, std::uint64_t) noexcept override { return nullptr; }
  status fill(byte_view) noexcept override { return {errc::unsupported, 0, "fill a finished object"}; }
  void finish(std::uint64_t) override {}

 private:
  T value_;
};

template <class T>
target_ptr<T> make_target() {
  constexpr bool other_view = view_of_elements<T> && !custom_serialized<T> && !is_pinned_view<T>;
  static_assert(
      !other_view,
      "farhold: a view owns nothing that could be resolved into; ask for a container, such as std::vector");
  if constexpr (!check_storable<T>() || other_view) {
    return nullptr;
  } else if constexpr (recycled<T> && direct_range<T>) {
    return target_ptr<T>(new recycled_target<T>);
  } else if constexpr (direct_range<T>) {
    return target_ptr<T>(new range_target<T>);
  } else if constexpr (direct_object<T>) {
    return target_ptr<T>(new object_target<T>);
  } else {
    return target_ptr<T>(new archive_target<T>);
  }
}

/// One address per type: tells a cached `std::vector` from a cached `std::pmr::vector` of the same bytes.
template <class T>
inline constexpr char target_tag = 0;

}  // namespace farhold::detail
