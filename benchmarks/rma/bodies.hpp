// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <farhold/farhold.hpp>

#include "command_line.hpp"
#include "keep.hpp"
#include "measure.hpp"
#include "raw_source.hpp"
#include "settle_malloc.hpp"
#include "sizes.hpp"
#include "targets.hpp"
#include "warm_words.hpp"

// What is measured, whichever fabric the bytes come by.

namespace farhold::bench {

inline constexpr std::array<std::uint64_t, 10> sizes = {8,   64,       kib,      4 * kib,   64 * kib,
                                                        mib, 16 * mib, 64 * mib, 256 * mib, gib};
/// The largest that is measured. Those above 256 MiB only if they are asked for.
inline std::uint64_t largest_of(const options& how) {
  if (how.largest != 0) return std::min(how.largest, sizes.back());
  return how.quick ? mib : 256 * mib;
}
inline constexpr std::uint64_t batch = 64;
/// Proxies that one sample may use up. Few, so that they are in a cache when their turn comes.
inline constexpr std::uint64_t proxies_at_a_time = 256;

/// What farhold is known to have been asked for, to be compared with what it says it did.
struct expectation {
  std::uint64_t resolves = 0;
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;
};

/// A sequence of objects: one, or a batch.
struct sequence {
  std::uint64_t bytes;
  std::uint64_t count;
  [[nodiscard]] std::uint64_t words() const noexcept { return bytes / sizeof(word); }
};

/// Who reads object i of the sequence for the k-th time: calls the function with all k < n and i < count.
using division = std::function<void(std::uint64_t n, std::uint64_t count,
                                    const std::function<void(std::uint64_t k, std::uint64_t i)>&)>;

/// Into one warm buffer per object. `Read` is called with offset, destination, size.
template <class Read>
body into_warm_buffers(const char* name, const sequence& what, Read read) {
  auto buffers = std::make_shared<warm_words>(what.words() * what.count);
  return {.name = name,
          .prepare = [buffers](std::uint64_t) { std::fill(buffers->begin(), buffers->end(), 0U); },
          .run =
              [buffers, what, read](std::uint64_t n) {
                for (; n > 0; --n) {
                  for (std::uint64_t i = 0; i < what.count; ++i) {
                    forget();
                    read(i * what.bytes, reinterpret_cast<std::byte*>(buffers->data() + i * what.words()),
                         what.bytes);
                  }
                }
              },
          .verify = [buffers] { return right(buffers->data(), buffers->size(), 0); }};
}

/// Into memory of the caller's, one warm buffer per object. The proxies stay as they are.
inline body into_caller_memory(const sequence& what, store& from, const std::vector<key>& keys,
                               expectation& expected) {
  auto buffers = std::make_shared<warm_words>(what.words() * what.count);
  auto proxies = std::make_shared<std::vector<proxy<std::vector<word>>>>();
  for (const key& one : keys) proxies->push_back(from.proxy_from_key<std::vector<word>>(one));
  return {.name = "farhold, caller memory",
          .prepare =
              [buffers, what, &expected](std::uint64_t n) {
                std::fill(buffers->begin(), buffers->end(), 0U);
                expected.resolves += n * what.count;
                expected.bytes += n * what.count * what.bytes;
              },
          .run =
              [buffers, proxies, what](std::uint64_t n) {
                for (; n > 0; --n) {
                  for (std::uint64_t i = 0; i < what.count; ++i)
                    (*proxies)[i].resolve_into(std::span(*buffers).subspan(i * what.words(), what.words()));
                }
              },
          .verify = [buffers] { return right(buffers->data(), buffers->size(), 0); }};
}

template <class Target>
body by_hand(const sequence& what, raw_source& from) {
  using made_type = decltype(Target::by_hand(from, 0, 0));
  auto made = std::make_shared<std::vector<made_type>>(what.count);
  return {.name = std::string("raw, ") + Target::name,
          .prepare = [made, what](std::uint64_t) { *made = std::vector<made_type>(what.count); },
          .run =
              [made, what, &from](std::uint64_t n) {
                for (; n > 0; --n) {
                  for (std::uint64_t i = 0; i < what.count; ++i) {
                    (*made)[i] = {};  // its memory first, as farhold's
                    (*made)[i] = Target::by_hand(from, i * what.bytes, what.bytes);
                  }
                }
              },
          .verify =
              [made, what] {
                for (std::uint64_t i = 0; i < what.count; ++i) {
                  if (!right(Target::words((*made)[i]), what.words(), i * what.words())) return false;
                }
                return true;
              }};
}

/// Resolves proxies made before, and drops each target as the next batch comes. All of a batch at once, or by
/// `divide`.
template <class Target>
body by_farhold(const sequence& what, store& from, const std::vector<key>& keys, expectation& expected,
                const division& divide = {}) {
  using T = typename Target::type;
  auto proxies = std::make_shared<std::vector<proxy<T>>>();
  return {.name = std::string("farhold, ") + Target::name,
          .prepare =
              [proxies, what, keys, &from, &expected](std::uint64_t n) {
                proxies->clear();
                for (std::uint64_t i = 0; i < n * what.count; ++i) {
                  proxies->push_back(from.proxy_from_key<T>(keys[i % what.count]));
                }
                expected.resolves += n * what.count;
                expected.bytes += n * what.count * what.bytes;
              },
          .run =
              [proxies, what, divide](std::uint64_t n) {
                if (divide) {
                  divide(n, what.count, [&](std::uint64_t k, std::uint64_t i) {
                    proxy<T>& p = (*proxies)[k * what.count + i];
                    p.resolve();
                    if (k + 1 < n) p = {};
                  });
                  return;
                }
                for (std::uint64_t k = 0; k < n; ++k) {
                  const auto first = proxies->begin() + static_cast<std::ptrdiff_t>(k * what.count);
                  resolve_each(&*first, what.count);
                  if (k + 1 < n) std::fill_n(first, what.count, proxy<T>());
                }
              },
          .verify =
              [proxies, what] {
                const auto last = proxies->end() - static_cast<std::ptrdiff_t>(what.count);
                for (std::uint64_t i = 0; i < what.count; ++i) {
                  const proxy<T>& p = last[static_cast<std::ptrdiff_t>(i)];
                  if (!p.resolved() || !right(Target::words(*p), what.words(), i * what.words()))
                    return false;
                }
                return true;
              }};
}

inline goal goal_of(std::uint64_t bytes, std::uint64_t count) {
  if (count > 1) return {goal::kind::nanoseconds, 1000};  // a million a second
  if (bytes <= 64) return {goal::kind::nanoseconds_more, 100};
  if (bytes == 4 * kib) return {goal::kind::times_as_long, 1.05};
  if (bytes == 64 * kib) return {goal::kind::times_as_long, 1.03};
  if (bytes >= mib) return {goal::kind::times_as_long, 1 / 0.99};
  return {};
}

}  // namespace farhold::bench
