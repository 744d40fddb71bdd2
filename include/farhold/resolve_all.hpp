// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <functional>
#include <ranges>
#include <utility>
#include <vector>

#include <farhold/detail/lazy.hpp>
#include <farhold/detail/proxy_concepts.hpp>
#include <farhold/proxy.hpp>

namespace farhold {

namespace detail {

/// Throws the first problem, once all is done.
void resolve_all(std::span<resolve_work> all);

template <class U>
inline constexpr bool is_range_of_proxies = false;
template <std::ranges::forward_range U>
inline constexpr bool is_range_of_proxies<U> = !not_proxy<std::ranges::range_value_t<U>>;

/// What `invoke` hands on: the object of a proxy, and everything else as it came.
template <class U>
decltype(auto) unwrap(U&& argument) {
  if constexpr (not_proxy<U>) {
    return std::forward<U>(argument);
  } else {
    return argument.resolve();
  }
}

template <class U>
void collect(const U& argument, const call_options& call, std::vector<resolve_work>& to) {
  if constexpr (!not_proxy<U>) to.push_back(argument.work(call));
}

}  // namespace detail

/// Resolves several proxies, of any types and stores, together: what one store has to bring is one batch,
/// whose transfers from all its producers overlap.
///
/// Errors    All are tried; then the first error is thrown. Those that went well are resolved.
///           `invalid_argument` for an empty proxy, before anything is transferred.
/// Threads   As resolving one.
template <class... T>
void resolve_all(const call_options& call, const proxy<T>&... proxies) {
  std::array<detail::resolve_work, sizeof...(T)> all{proxies.work(call)...};
  detail::resolve_all(all);
}
template <class... T>
void resolve_all(const proxy<T>&... proxies) {
  resolve_all(call_options{}, proxies...);
}

/// The same for a range of proxies.
template <std::ranges::forward_range Proxies>
requires detail::is_range_of_proxies<Proxies>
void resolve_all(const Proxies& proxies, const call_options& call = {}) {
  std::vector<detail::resolve_work> all;
  if constexpr (std::ranges::sized_range<const Proxies>) all.reserve(std::ranges::size(proxies));
  for (const auto& p : proxies) all.push_back(p.work(call));
  detail::resolve_all(all);
}

/// Resolves the proxies among the arguments together and calls `function` with their objects, each as a
/// `const T&`, and with the other arguments as they are.
///
/// Call it by its full name: `invoke` alone finds std::invoke as well.
///
/// What it returns may refer to an object of a proxy: such a result lives as long as the caller's proxies do.
template <class Function, class... Arguments>
decltype(auto) invoke(Function&& function, Arguments&&... arguments) {
  std::vector<detail::resolve_work> all;
  (detail::collect(arguments, call_options{}, all), ...);
  detail::resolve_all(all);
  return std::invoke(std::forward<Function>(function), detail::unwrap(std::forward<Arguments>(arguments))...);
}

}  // namespace farhold
