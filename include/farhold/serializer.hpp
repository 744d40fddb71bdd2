// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <cstring>
#include <ranges>
#include <type_traits>

#include <farhold/bytes.hpp>
#include <farhold/detail/archive.hpp>
#include <farhold/detail/archive_forms.hpp>
#include <farhold/detail/storable.hpp>
#include <farhold/type_id.hpp>

namespace farhold {

/// Through Boost.Serialization, whatever T is: what everything without a better way does, and a base for the
/// `serializer` of a class that could travel as it lies and must not, because it holds pointers.
template <class T>
struct archive_serializer {
  static std::uint64_t size_bytes(const T& value) { return detail::archived_bytes(value); }
  static void write(const T& value, byte_span out) { detail::write_archive(value, out); }
  static T read(byte_view in) { return detail::read_archive<T>(in); }
};

/// How a T becomes bytes and comes back. Specialise it for a class of your own:
///
///     template <> struct farhold::serializer<mesh> {
///       static std::uint64_t size_bytes(const mesh&);           // exactly what write fills
///       static void write(const mesh&, farhold::byte_span);     // straight into the arena
///       static mesh read(farhold::byte_view);                   // may throw; the resolve then fails
///     };
///
/// Unspecialised, contiguous ranges of trivially copyable elements and trivially copyable types travel as
/// they lie in memory, and everything else through Boost.Serialization.
template <class T>
struct serializer : archive_serializer<T> {
  using unspecialised = void;
};

namespace detail {

/// Views (span, string_view) can be stored, as what they show, but own nothing to resolve into.
template <class T>
concept contiguous_elements = std::ranges::contiguous_range<const T> && std::ranges::sized_range<const T> &&
    plain_bytes<std::ranges::range_value_t<T>>;

template <class T>
concept view_of_elements = contiguous_elements<T> &&(std::ranges::view<T> || std::ranges::borrowed_range<T>);

template <class T>
concept direct_range = !custom_serialized<T> && contiguous_elements<T> &&
                       (view_of_elements<T> || requires(T t, std::size_t n) { t.resize(n); });

template <class T>
concept direct_object = !custom_serialized<T> && !direct_range<T> && plain_bytes<T>;

/// Stops with one message in place of a page of Boost's. Views are judged by their elements.
template <class T>
consteval bool check_storable() {
  if constexpr (!custom_serialized<T>) {
    if constexpr (view_of_elements<T>) {
      static_assert(!has_pointer<std::ranges::range_value_t<T>>(),
                    "farhold: this view shows pointers, which mean nothing in another process; store what "
                    "they point to");
      return !has_pointer<std::ranges::range_value_t<T>>();
    } else {
      static_assert(!std::ranges::view<T>,
                    "farhold: this view has no contiguous elements to copy; store a container made of it");
      static_assert(
          !has_pointer<T>() || std::ranges::view<T>,
          "farhold: T is, or holds, a pointer, which means nothing in another process; store what it points "
          "to, or specialise farhold::serializer<T>, possibly from farhold::archive_serializer<T>");
      return !std::ranges::view<T> && !has_pointer<T>();
    }
  } else {
    return true;
  }
}

template <class T>
struct stored_as {
  static constexpr std::string_view form = direct_range<T>    ? "range"
                                           : direct_object<T> ? "object"
                                                              : "archive";

  static constexpr std::string_view name() noexcept {
    if constexpr (direct_range<T>) {
      return wire_name<std::ranges::range_value_t<T>>();
    } else {
      return wire_name<T>();
    }
  }

  static constexpr type_id id() noexcept {
    if constexpr (direct_range<T>) {
      return make_type_id<std::ranges::range_value_t<T>>(form);
    } else {
      return make_type_id<T>(form);
    }
  }
};

/// The type id of T, remembered by name for messages on first use.
template <class T>
type_id type_of() {
  constexpr type_id id = stored_as<T>::id();  // else each call hashes the name of T again
  static const bool once = (remember_type(id, stored_as<T>::form, stored_as<T>::name()), true);
  static_cast<void>(once);
  return id;
}

template <class T>
std::uint64_t stored_bytes(const T& value) {
  if constexpr (!check_storable<T>()) {
    return 0;
  } else if constexpr (direct_range<T>) {
    return std::ranges::size(value) * sizeof(std::ranges::range_value_t<T>);
  } else if constexpr (direct_object<T>) {
    return sizeof(T);
  } else {
    return serializer<T>::size_bytes(value);
  }
}

template <class T>
void store_bytes(const T& value, byte_span out) {
  if constexpr (!check_storable<T>()) {
    return;
  } else if constexpr (direct_range<T>) {
    if (!out.empty()) std::memcpy(out.data(), std::ranges::data(value), out.size());
  } else if constexpr (direct_object<T>) {
    std::memcpy(out.data(), std::addressof(value), sizeof(T));
  } else {
    serializer<T>::write(value, out);
  }
}

}  // namespace detail
}  // namespace farhold
