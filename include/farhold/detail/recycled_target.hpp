// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include <farhold/array.hpp>
#include <farhold/connector.hpp>
#include <farhold/detail/fork_epoch.hpp>
#include <farhold/detail/proxy_concepts.hpp>

namespace farhold::detail {

template <class T>
class target;

template <class T>
inline constexpr bool is_array = false;
template <class E>
inline constexpr bool is_array<array<E>> = true;

/// What lands in recycled memory: an `array<E>`, or a view, if there is nothing to look at in place.
template <class T>
concept recycled = is_array<T> || is_pinned_view<T>;

/// Elements in recycled memory; or, as a view, in memory of somebody else's that is pinned as long as the
/// target lives.
template <class T>
class recycled_target final : public target<T> {
  using element = typename T::value_type;

 public:
  std::byte* prepare(std::uint64_t size_bytes, std::uint64_t spare_bytes) noexcept override {
    return make_room(spare_bytes <= recycled_memory::spare_bytes ? size_bytes : size_bytes + spare_bytes);
  }

  status fill(byte_view source) noexcept override {
    std::byte* const to = make_room(source.size());
    if (to == nullptr) return {errc::out_of_memory, 0, "allocate landing memory"};
    if (!source.empty()) std::memcpy(to, source.data(), source.size());
    return {};
  }

  [[nodiscard]] bool wants_view() const noexcept override { return is_pinned_view<T>; }
  void show(byte_view memory, pin hold) noexcept override {
    shown_ = memory;
    hold_ = std::move(hold);
    was_shown_ = true;
    epoch_ = fork_epoch();
  }
  [[nodiscard]] bool shown() const noexcept override { return was_shown_; }

  void finish(std::uint64_t size_bytes) override {
    if (size_bytes % sizeof(element) != 0)
      throw error(errc::corrupt, "the size is no multiple of the element's");
    const std::size_t size = size_bytes / sizeof(element);
    if constexpr (is_array<T>) {
      value_ = array_of_landed<element>(std::move(memory_), size);
    } else {
      const std::byte* const bytes = was_shown_ ? shown_.data() : memory_.data();
      if ((was_shown_ && shown_.size() != size_bytes) ||
          reinterpret_cast<std::uintptr_t>(bytes) % alignof(element) != 0) {
        throw error(errc::transport_failure, "the connector showed memory that is not the object's");
      }
      value_ = {reinterpret_cast<const element*>(bytes), size};
    }
    this->object_ = std::addressof(value_);
  }
  [[nodiscard]] bool left_behind() const noexcept override {
    return was_shown_ && !hold_.survives_fork() && fork_epoch() != epoch_;
  }

 private:
  std::byte* make_room(std::uint64_t size_bytes) noexcept {
    shown_ = {};
    hold_ = {};
    was_shown_ = false;
    if (memory_.data() == nullptr || memory_.size_bytes() < size_bytes) memory_ = recycled_memory(size_bytes);
    return memory_.data();
  }

  recycled_memory memory_;
  byte_view shown_;
  pin hold_;
  bool was_shown_ = false;
  std::uint64_t epoch_ = 0;  // when it was shown
  T value_;
};

}  // namespace farhold::detail
