// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include <farhold/farhold.hpp>

#include "link.hpp"
#include "pattern.hpp"
#include "raw_source.hpp"

// The kinds of targets that objects are resolved into. A kind has
//
//   type              what the proxy is of
//   name              in the table
//   form              how the producer stores it
//   memory_is_fresh   whether each target has memory that must be zeroed or page-faulted first; if so,
//   farhold is
//                     compared with `by_hand`, else with a raw read into one warm buffer
//   by_hand           the same target, made without farhold
//   words(T)          where its words are

namespace farhold::bench {

/// std::vector: works everywhere, and costs what a fresh vector costs.
struct vector_target {
  using type = std::vector<word>;
  static constexpr const char* name = "vector";
  static constexpr stored form = stored::vector;
  static constexpr bool memory_is_fresh = true;

  static type by_hand(raw_source& from, std::uint64_t offset, std::uint64_t bytes) {
    if (const byte_view all = from.view(); !all.empty()) {
      const auto* const first = reinterpret_cast<const word*>(all.data() + offset);
      return {first, first + bytes / sizeof(word)};  // in one pass, as farhold does where it can
    }
    type made(bytes / sizeof(word));
    from.read(offset, reinterpret_cast<std::byte*>(made.data()), bytes);
    return made;
  }
  static const word* words(const type& t) noexcept { return t.data(); }
};

/// farhold::array: recycled memory, not initialised, as a benchmark of the fabric itself has it.
struct array_target {
  using type = farhold::array<word>;
  static constexpr const char* name = "array";
  static constexpr stored form = stored::vector;
  static constexpr bool memory_is_fresh = false;

  static type by_hand(raw_source& from, std::uint64_t offset, std::uint64_t bytes) {
    type made(bytes / sizeof(word));
    from.read(offset, reinterpret_cast<std::byte*>(made.data()), bytes);
    return made;
  }
  static const word* words(const type& t) noexcept { return t.data(); }
};

/// A trivially copyable object: lands uninitialised in memory that malloc hands out again.
template <std::size_t Words>
struct object_target {
  using type = std::array<word, Words>;
  static constexpr const char* name = "object";
  static constexpr stored form = stored::object;
  static constexpr bool memory_is_fresh = false;

  static std::unique_ptr<type> by_hand(raw_source& from, std::uint64_t offset, std::uint64_t bytes) {
    std::unique_ptr<type> made(new type);
    from.read(offset, reinterpret_cast<std::byte*>(made->data()), bytes);
    return made;
  }
  static const word* words(const type& t) noexcept { return t.data(); }
  static const word* words(const std::unique_ptr<type>& t) noexcept { return t->data(); }
};

/// Calls `action(object_target<…>{})` with the one of `bytes` bytes; false if none is compiled.
template <class Action>
bool with_object_target(std::uint64_t bytes, Action&& action) {
  switch (bytes) {
    case 8: action(object_target<1>{}); return true;
    case 64: action(object_target<8>{}); return true;
    case 1024: action(object_target<128>{}); return true;
    case 4096: action(object_target<512>{}); return true;
    case 65536: action(object_target<8192>{}); return true;
    default: return false;
  }
}

/// Stores words as one std::array.
inline key put_object(store& into, const std::vector<word>& content) {
  key made;
  const bool known = with_object_target(content.size() * sizeof(word), [&]<class Target>(Target) {
    const auto object = std::make_unique<typename Target::type>();
    std::copy(content.begin(), content.end(), object->begin());
    made = into.put(*object);
  });
  if (!known) throw std::invalid_argument("no object of that size");
  return made;
}

/// Where one benchmark body resolves all its proxies.
template <class T>
void resolve_each(const proxy<T>* first, std::size_t count) {
  if (count == 1) {
    first->resolve();
  } else {
    resolve_all(std::span(first, count));
  }
}

}  // namespace farhold::bench
