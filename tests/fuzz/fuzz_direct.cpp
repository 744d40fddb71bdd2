// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Objects and ranges that travel as they lie, landing in both ways a connector has: copied from memory, and
// read with a trailer behind. They are the bytes, or it is farhold::error.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <vector>

#include <farhold/detail/target.hpp>

#include "subjects.hpp"

namespace {

using farhold::byte_view;

struct alignas(128) wide {
  double value;
};

constexpr std::size_t trailer_bytes = 72;

template <class T>
void expect_same(const T& object, byte_view bytes) {
  if constexpr (farhold::detail::direct_range<T>) {
    const byte_view shown = std::as_bytes(std::span(std::ranges::data(object), std::ranges::size(object)));
    if (!std::ranges::equal(shown, bytes)) std::abort();
  } else {
    if (!std::ranges::equal(std::as_bytes(std::span(&object, 1)), bytes)) std::abort();
  }
}

template <class T>
void land(byte_view bytes) {
  static_assert(farhold::detail::direct_range<T> || farhold::detail::direct_object<T>);
  try {
    const auto copied = farhold::detail::make_target<T>();
    if (copied->fill(bytes).ok()) {
      copied->finish(bytes.size());
      expect_same<T>(*copied->object(), bytes);
    }
    const auto read = farhold::detail::make_target<T>();
    if (std::byte* const to = read->prepare(bytes.size(), trailer_bytes)) {
      std::copy(bytes.begin(), bytes.end(), to);
      std::fill_n(to + bytes.size(), trailer_bytes, std::byte{0xFF});
      read->finish(bytes.size());
      expect_same<T>(*read->object(), bytes);
    }
  } catch (const farhold::error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view bytes = std::as_bytes(std::span(data, size));
  land<std::vector<double>>(bytes);
  land<std::pmr::vector<std::uint16_t>>(bytes);
  land<std::vector<fuzz::plain>>(bytes);
  land<std::vector<wide>>(bytes);
  land<std::vector<std::array<bool, 3>>>(bytes);
  land<std::string>(bytes);
  land<bool>(bytes);
  land<std::array<bool, 4>>(bytes);
  land<std::uint32_t>(bytes);
  land<fuzz::plain>(bytes);
  land<wide>(bytes);
  return 0;
}
