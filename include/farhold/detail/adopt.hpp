// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <memory>
#include <memory_resource>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include <farhold/detail/store_core.hpp>
#include <farhold/serializer.hpp>

namespace farhold::detail {

/// A container that can be handed over with its memory. Only rvalues are: `T&` is none.
template <class T>
concept adoptable = std::same_as<T, std::remove_cvref_t<T>> && direct_range<T> && !view_of_elements<T> &&
                    std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T>;

/// Whether the container's memory lives as long as the container, wherever that is moved to. A memory
/// resource or another allocator with a state may end with the caller's scope.
template <class T>
bool memory_lasts([[maybe_unused]] const T& container, [[maybe_unused]] std::pmr::memory_resource* stores) {
  if constexpr (requires { container.get_allocator().resource(); }) {
    std::pmr::memory_resource* const used = container.get_allocator().resource();
    return used == stores || used == std::pmr::get_default_resource() ||
           used == std::pmr::new_delete_resource();
  } else if constexpr (requires { typename T::allocator_type; }) {
    return std::allocator_traits<typename T::allocator_type>::is_always_equal::value;
  } else {
    return true;
  }
}

/// Whether the container has its memory from the store itself.
template <class T>
bool born_in([[maybe_unused]] const T& container, [[maybe_unused]] std::pmr::memory_resource* stores) {
  if constexpr (requires { container.get_allocator().resource(); }) {
    return stores != nullptr && container.get_allocator().resource() == stores;
  } else {
    return false;
  }
}

/// Publishes the container's memory in place. False, and the container as it was, if that can't be done.
template <class T>
bool adopt(store_core& store, T& container, key& out) {
  if (!memory_lasts(container, store.memory())) return false;
  auto owner = std::make_unique<T>(std::move(container));  // its memory is there before anything is moved
  const resident users{.memory = std::as_bytes(std::span(std::as_const(*owner))),
                       .lent = false,
                       .born = born_in(*owner, store.memory()),
                       .owner = owner.get(),
                       .release = [](void* self) noexcept { delete static_cast<T*>(self); }};
  bool adopted = false;
  try {
    adopted = store.adopt(users, type_of<T>(), out);
  } catch (...) {
    container = std::move(*owner);
    throw;
  }
  if (adopted) {
    static_cast<void>(owner.release());
  } else {
    container = std::move(*owner);
  }
  return adopted;
}

}  // namespace farhold::detail
