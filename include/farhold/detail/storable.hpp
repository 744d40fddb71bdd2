// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <farhold/detail/proxy_concepts.hpp>

// Finds pointers in types, as far as the language lets one look: a pointer means nothing in another process.

namespace farhold::detail {

// Stand for the initialisers of an aggregate. Neither converts to an aggregate, so that braces are elided and
// the leaves of nested structs and arrays are met one by one.
struct any_leaf {
  template <class U>
  requires(!std::is_aggregate_v<U>) operator U() const;  // NOLINT: implicit is the point
};
struct pointer_leaf {
  template <class U>
  operator U*() const;  // NOLINT
  template <class Class, class U>
  operator U Class::*() const;  // NOLINT
  template <class Char, class Traits>
  operator std::basic_string_view<Char, Traits>() const;  // NOLINT
  template <class E, std::size_t Extent>
  operator std::span<E, Extent>() const;  // NOLINT
};

template <std::size_t>
using any_leaf_at = any_leaf;

template <class T, std::size_t... Before>
consteval bool takes_pointer_after(std::index_sequence<Before...>) {
  return requires { T{any_leaf_at<Before>{}..., pointer_leaf{}}; };
}

inline constexpr std::size_t leaves_looked_at = 24;

/// Whether a pointer is among the first members of a struct without constructors, those of its members and
/// bases included. Classes with constructors can't be looked into.
template <class T, std::size_t... At>
consteval bool aggregate_has_pointer(std::index_sequence<At...>) {
  return (takes_pointer_after<T>(std::make_index_sequence<At>{}) || ...);
}

template <class T>
consteval bool has_pointer();

template <class T>
inline constexpr bool parts_have_pointer = false;
template <class A, class B>
inline constexpr bool parts_have_pointer<std::pair<A, B>> = has_pointer<A>() || has_pointer<B>();
template <class... A>
inline constexpr bool parts_have_pointer<std::tuple<A...>> = (has_pointer<A>() || ...);
template <class... A>
inline constexpr bool parts_have_pointer<std::variant<A...>> = (has_pointer<A>() || ...);
template <class A>
inline constexpr bool parts_have_pointer<std::optional<A>> = has_pointer<A>();
template <class A>
inline constexpr bool parts_have_pointer<std::reference_wrapper<A>> = true;

template <class T>
inline constexpr bool is_iterator = std::input_or_output_iterator<T>;
template <class T>
inline constexpr bool is_iterator<proxy<T>> = false;  // not to be asked: its deleted operators are errors

/// A pointer, a view, an iterator, or something made of them.
template <class T>
consteval bool has_pointer() {
  if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> ||
                std::is_reference_v<T> || is_standard_view<T> || is_iterator<T>) {
    return true;
  } else if constexpr (std::is_array_v<T>) {
    return has_pointer<std::remove_all_extents_t<T>>();
  } else if constexpr (!std::is_class_v<T>) {
    return false;
  } else if constexpr (std::ranges::range<const T> && requires { typename T::value_type; }) {
    // Some types hold themselves: std::filesystem::path as a range, trees and values of JSON.
    if constexpr (std::same_as<typename T::value_type, T>) {
      return false;
    } else {
      return has_pointer<typename T::value_type>();
    }
  } else if constexpr (std::is_aggregate_v<T> && std::is_trivially_copyable_v<T>) {
    return aggregate_has_pointer<T>(std::make_index_sequence<leaves_looked_at>{});
  } else {
    return parts_have_pointer<std::remove_cv_t<T>>;
  }
}

template <class T>
consteval bool can_be_copied() {
  if constexpr (!std::copy_constructible<T>) {
    return false;
  } else if constexpr (std::ranges::range<const T> && requires { typename T::value_type; }) {
    if constexpr (std::same_as<typename T::value_type, T>) {
      return true;
    } else {
      return can_be_copied<typename T::value_type>();
    }
  } else {
    return true;
  }
}
/// A T that can really be copied: std::vector says so of itself whatever its elements are.
template <class T>
concept copyable = can_be_copied<T>();

}  // namespace farhold::detail
