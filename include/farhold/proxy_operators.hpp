// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <istream>
#include <ostream>

#include <farhold/detail/proxy_arithmetic.hpp>
#include <farhold/detail/proxy_compare.hpp>
#include <farhold/proxy.hpp>

// What a proxy<T> does of what a T does, beyond its members: comparison, arithmetic, `<<`, std::hash, each
// exactly where T has it, with T's own meaning. Each use is an access: it may resolve, and throw.
//
// The operators are templates that deduce proxy<T>, with an other side that is no proxy, and one more for two
// proxies: hidden friends would be ambiguous with the conversion to `const T&`, or recurse in their
// constraints.
//
// Never forwarded: assignment and compound assignment, ++ and --, unary &, &&, ||, >>, and the conversion to
// bool; a proxy is read-only, and whether it is empty is `valid()`. A T that lacks an operator leaves its
// proxy without it.

namespace farhold {

template <class Char, class Traits, class T>
requires requires(std::basic_ostream<Char, Traits>& out, const T& t) { out << t; }
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& out, const proxy<T>& p) {
  out << p.resolve();
  return out;
}
// Without it GCC tries the overloads of all numbers on what a proxy<int> converts to, and reports each.
template <class Char, class Traits, class T>
void operator>>(std::basic_istream<Char, Traits>& in, const proxy<T>& p) = delete;

}  // namespace farhold

/// Equal to the hash of the target, as a proxy is equal to its target.
template <class T>
requires requires(const T& t) {
  { std::hash<T>{}(t) } -> std::convertible_to<std::size_t>;
}
struct std::hash<farhold::proxy<T>> {
  std::size_t operator()(const farhold::proxy<T>& p) const { return std::hash<T>{}(p.resolve()); }
};
