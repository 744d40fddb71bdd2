// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <compare>
#include <concepts>

#include <farhold/proxy.hpp>

// Comparison of proxies with proxies and with anything a T compares with. See proxy_operators.hpp for the
// rules.

// `p == 3` compares a target that may be unsigned with an int that at the call is a literal and here is not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-equal"

namespace farhold {

namespace detail {

template <class L, class R>
concept has_equal = requires(const L& l, const R& r) {
  { l == r } -> std::convertible_to<bool>;
};
template <class L, class R>
concept has_three_way = requires(const L& l, const R& r) {
  { l <=> r } -> std::convertible_to<std::partial_ordering>;
};

}  // namespace detail

// The language turns these two around by itself: `t == p`, `t <=> p`, `p != t`.
template <class T, class U>
requires detail::not_proxy<U> && detail::has_equal<T, U>
[[nodiscard]] bool operator==(const proxy<T>& a, const U& b) { return a.resolve() == b; }
template <class T, class U>
requires detail::has_equal<T, U>
[[nodiscard]] bool operator==(const proxy<T>& a, const proxy<U>& b) { return a.resolve() == b.resolve(); }

template <class T, class U>
requires detail::not_proxy<U> && detail::has_three_way<T, U>
[[nodiscard]] auto operator<=>(const proxy<T>& a, const U& b) { return a.resolve() <=> b; }
template <class T, class U>
requires detail::has_three_way<T, U>
[[nodiscard]] auto operator<=>(const proxy<T>& a, const proxy<U>& b) { return a.resolve() <=> b.resolve(); }

// Each one as T has it: a T may have < without <=>, or one that means something else.
#define FARHOLD_RELATION(name, op)                                                           \
  namespace detail {                                                                         \
  template <class L, class R>                                                                \
  concept name = requires(const L& l, const R& r) {                                          \
    { l op r } -> std::convertible_to<bool>;                                                 \
  };                                                                                         \
  }                                                                                          \
  template <class T, class U>                                                                \
  requires detail::not_proxy<U> && detail::name<T, U>                                        \
  [[nodiscard]] bool operator op(const proxy<T>& a, const U& b) { return a.resolve() op b; } \
  template <class U, class T>                                                                \
  requires detail::not_proxy<U> && detail::name<U, T>                                        \
  [[nodiscard]] bool operator op(const U& a, const proxy<T>& b) { return a op b.resolve(); } \
  template <class T, class U>                                                                \
  requires detail::name<T, U>                                                                \
  [[nodiscard]] bool operator op(const proxy<T>& a, const proxy<U>& b) { return a.resolve() op b.resolve(); }

FARHOLD_RELATION(has_less, <)
FARHOLD_RELATION(has_greater, >)
FARHOLD_RELATION(has_less_equal, <=)
FARHOLD_RELATION(has_greater_equal, >=)
#undef FARHOLD_RELATION

}  // namespace farhold

#pragma GCC diagnostic pop
