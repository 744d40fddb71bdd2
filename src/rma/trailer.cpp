// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "trailer.hpp"

#include <array>
#include <bit>
#include <cstddef>

namespace farhold::rma {

namespace {

/// The generation inside a trailer in an arena. Arenas are mapped memory without objects of C++ type, so
/// words are reached by `atomic_ref`, as other processes reach them by their own loads.
std::atomic_ref<std::uint64_t> word(std::byte* trailer_at, std::size_t offset) noexcept {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(trailer_at + offset));
}

}  // namespace

trailer load_shared_trailer(const std::byte* at) noexcept {
  // The mapping is read-only; atomic_ref needs a type without const, and loads do not write.
  auto* const from = const_cast<std::byte*>(at);
  std::array<std::uint64_t, sizeof(trailer) / 8> words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = word(from, 8 * i).load(std::memory_order_relaxed);
  return std::bit_cast<trailer>(words);
}

void publish_trailer(std::byte* at, const ticket& object, const std::byte* payload) noexcept {
  trailer t;
  if (object.elsewhere()) {
    t.state = trailer::elsewhere;
    t.address = reinterpret_cast<std::uintptr_t>(payload);
  }
  t.incarnation = object.incarnation;
  t.generation = 0;
  t.inverted = ~object.generation;
  t.length = object.length;
  t.type = object.type.value;
  std::memcpy(at, &t, sizeof t);
  word(at, offsetof(trailer, generation)).store(object.generation, std::memory_order_release);
}

void clear_trailer(std::byte* at) noexcept {
  word(at, offsetof(trailer, generation)).store(0, std::memory_order_seq_cst);
}

status compare(const trailer& found, const ticket& wanted) noexcept {
  if (found.generation != wanted.generation || found.inverted != ~wanted.generation ||
      found.incarnation != wanted.incarnation || found.magic != trailer::magic_value) {
    return {errc::stale, 0, "compare the trailer's generation"};
  }
  if (found.version != trailer::version_value) return {errc::unsupported, 0, "compare the trailer's version"};
  if (found.state != (wanted.elsewhere() ? trailer::elsewhere : trailer::here)) {
    return {errc::corrupt, 0, "compare the trailer's state"};
  }
  if (found.length != wanted.length) return {errc::corrupt, 0, "compare the trailer's length"};
  if (found.type != wanted.type.value) return {errc::corrupt, 0, "compare the trailer's type"};
  return {};
}

}  // namespace farhold::rma
