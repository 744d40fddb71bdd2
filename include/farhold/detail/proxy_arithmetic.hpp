// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <ranges>

#include <farhold/proxy.hpp>

// Arithmetic on proxies, and printing. See proxy_operators.hpp for the rules.

// `p == 3` compares a target that may be unsigned with an int that at the call is a literal and here is not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wfloat-equal"

namespace farhold {

// The result may refer to its operands (expression templates do), so a proxy about to die is refused: there
// the last overload is the better match. `*recv() + 1` says the same and is safe.
#define FARHOLD_ARITHMETIC(name, op, ...)                                                                \
  namespace detail {                                                                                     \
  template <class L, class R>                                                                            \
  concept name = requires(const L& l, const R& r) {                                                      \
    l op r;                                                                                              \
  }                                                                                                      \
  __VA_ARGS__;                                                                                           \
  }                                                                                                      \
  template <class T, class U>                                                                            \
  requires detail::not_proxy<U> && detail::name<T, U>                                                    \
  [[nodiscard]] decltype(auto) operator op(const proxy<T>& a, const U& b) { return a.resolve() op b; }   \
  template <class U, class T>                                                                            \
  requires detail::not_proxy<U> && detail::name<U, T>                                                    \
  [[nodiscard]] decltype(auto) operator op(const U& a, const proxy<T>& b) { return a op b.resolve(); }   \
  template <class T, class U>                                                                            \
  requires detail::name<T, U>                                                                            \
  [[nodiscard]] decltype(auto) operator op(const proxy<T>& a, const proxy<U>& b) {                       \
    return a.resolve() op b.resolve();                                                                   \
  }                                                                                                      \
  template <class L, class R>                                                                            \
  requires detail::any_dying_proxy<L, R> && detail::name<detail::unwrapped_t<L>, detail::unwrapped_t<R>> \
  void operator op(L&& a, R&& b) = delete;

FARHOLD_ARITHMETIC(has_plus, +)
FARHOLD_ARITHMETIC(has_minus, -)
FARHOLD_ARITHMETIC(has_times, *)
FARHOLD_ARITHMETIC(has_divide, /)
FARHOLD_ARITHMETIC(has_remainder, %)
FARHOLD_ARITHMETIC(has_and, &)
FARHOLD_ARITHMETIC(has_or, |,
                   &&!std::ranges::range<const L>)  // a range is piped, and a proxy is one by itself
FARHOLD_ARITHMETIC(has_xor, ^)
FARHOLD_ARITHMETIC(has_shift, <<)
#undef FARHOLD_ARITHMETIC

#define FARHOLD_UNARY(op)                                                                \
  template <class T>                                                                     \
  requires requires(const T& t) { op t; }                                                \
  [[nodiscard]] decltype(auto) operator op(const proxy<T>& a) { return op a.resolve(); } \
  template <class T>                                                                     \
  requires requires(const T& t) { op t; }                                                \
  void operator op(const proxy<T>&& a) = delete;

FARHOLD_UNARY(-)
FARHOLD_UNARY(~)
FARHOLD_UNARY(!)
#undef FARHOLD_UNARY

}  // namespace farhold

#pragma GCC diagnostic pop
