// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/connector.hpp>

#include <algorithm>

// Batches of connectors that have no better way than one after the other.

namespace farhold {

namespace {

/// What is left of the limits of a call that began at `began`.
call_limits rest_of(const call_limits& limits, std::chrono::steady_clock::time_point began) {
  const auto spent = std::chrono::steady_clock::now() - began;
  call_limits rest = limits;
  rest.timeout = std::max(limits.timeout - spent, std::chrono::nanoseconds::zero());
  return rest;
}

}  // namespace

status connector::reserve_batch(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                                std::span<reservation> out) noexcept {
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < sizes_bytes.size(); ++i) {
    if (const status s = reserve(sizes_bytes[i], rest_of(limits, began), out[i]); !s.ok()) {
      while (i > 0) abandon(out[--i]);
      return s;
    }
  }
  return {};
}

status connector::publish_batch(std::span<const reservation> rooms, type_id type,
                                std::span<key> out) noexcept {
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const status s = publish(rooms[i], type, out[i]);
    if (s.ok()) continue;
    constexpr std::chrono::seconds patience{5};
    for (std::size_t done = 0; done < i; ++done) static_cast<void>(evict(out[done], patience));
    for (std::size_t left = i; left < rooms.size(); ++left) abandon(rooms[left]);
    return s;
  }
  return {};
}

void connector::get_batch(std::span<read_request> requests) noexcept {
  const auto began = std::chrono::steady_clock::now();
  for (read_request& r : requests) {
    r.outcome = get(*r.object, *r.where, rest_of(r.limits, began), r.report);
  }
}

void connector::exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  const auto began = std::chrono::steady_clock::now();
  for (key_request& r : requests) r.outcome = exists(*r.object, rest_of(limits, began), r.exists);
}

void connector::evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept {
  const auto began = std::chrono::steady_clock::now();
  for (key_request& r : requests) r.outcome = evict(*r.object, rest_of(limits, began));
}

}  // namespace farhold
