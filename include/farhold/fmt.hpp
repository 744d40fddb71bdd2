// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <farhold/proxy.hpp>

// For programs that print with {fmt}, 9 or newer. Nothing else of farhold needs it, or includes this header.

/// Prints the proxy and never resolves it, as `describe` does; `*p` prints the target.
///
/// Without this header {fmt} 9 prints a proxy of a number as that number, by conversion, and fmt/ranges.h one
/// of a range as its elements: both are accesses.
template <class T>
struct fmt::formatter<farhold::proxy<T>> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const farhold::proxy<T>& p, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(describe(p), context);
  }
};

template <class T, class Char>
struct fmt::is_range<farhold::proxy<T>, Char> : std::false_type {};
