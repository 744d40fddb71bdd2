// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace farhold {

template <class T>
class proxy;

namespace detail {

template <class T>
inline constexpr bool is_proxy = false;
template <class T>
inline constexpr bool is_proxy<proxy<T>> = true;

/// Known to be views without looking inside, so that `proxy<T>` can be a member of an unfinished T.
template <class T>
inline constexpr bool is_standard_view = false;
template <class E, std::size_t Extent>
inline constexpr bool is_standard_view<std::span<E, Extent>> = true;
template <class Char, class Traits>
inline constexpr bool is_standard_view<std::basic_string_view<Char, Traits>> = true;

/// The one view that a proxy can become: its target pins, or owns, what the span shows.
template <class T>
inline constexpr bool is_pinned_view = false;
template <class E>
inline constexpr bool is_pinned_view<std::span<const E>> = true;
/// The same without const, to say so.
template <class T>
inline constexpr bool is_writable_span = false;
template <class E, std::size_t Extent>
inline constexpr bool is_writable_span<std::span<E, Extent>> = !std::is_const_v<E>;

// A const T's members that its proxy forwards.
template <class T>
concept has_begin = requires(const T& t) {
  t.begin();
};
template <class T>
concept has_end = requires(const T& t) {
  t.end();
};
template <class T>
concept has_data = requires(const T& t) {
  t.data();
};
template <class T>
concept has_size = requires(const T& t) {
  t.size();
};
template <class T>
concept has_empty = requires(const T& t) {
  t.empty();
};

template <class T>
std::type_identity<T> target_of(const proxy<T>&);  // never defined; also finds the base of a derived class

/// Not a proxy, nor derived from one: the other side of a proxy's operators, which must not call each other.
template <class U>
concept not_proxy = !requires(const std::remove_cvref_t<U>& u) {
  detail::target_of(u);
};

template <class U>
struct unwrapped {
  using type = std::remove_cvref_t<U>;
};
template <class U>
requires(!not_proxy<U>) struct unwrapped<U> {
  using type = typename decltype(detail::target_of(std::declval<const std::remove_cvref_t<U>&>()))::type;
};
/// What takes part in an operation on T's: the target of a proxy, or the operand itself.
template <class U>
using unwrapped_t = typename unwrapped<U>::type;

/// Deduced by a forwarding reference: a proxy that may be gone before the result of an operation is.
template <class... U>
concept any_dying_proxy = ((!std::is_reference_v<U> && !not_proxy<U>) || ...);

}  // namespace detail
}  // namespace farhold
