// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "producer.hpp"

#include <new>
#include <utility>

#include "options.hpp"

namespace farhold::rma {

producer::~producer() {
  if (memory_ != nullptr) memory_->close_resource();
}

status producer::open(const options& how) noexcept try {
  if (how.grace < std::chrono::nanoseconds::zero())
    return {errc::invalid_argument, 0, "use a negative grace period"};
  server_.emplace(fabric_, *memory_);
  return memory_->open(how);
} catch (const std::bad_alloc&) {
  return {errc::out_of_memory, 0, "allocate the arena's tables"};
}

void producer::leak() noexcept { arenas::leak(std::move(memory_)); }

void producer::shut() noexcept {
  memory_->close_resource();
  memory_->shut();
}

status producer::reserve(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                         std::span<reservation> out) noexcept {
  const deadline until(limits);
  for (std::size_t i = 0; i < sizes_bytes.size(); ++i) {
    if (const status s = memory_->reserve(sizes_bytes[i], until, out[i]); !s.ok()) {
      while (i > 0) abandon(out[--i]);
      return s;
    }
  }
  return {};
}

void producer::publish(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept {
  for (std::size_t i = 0; i < rooms.size(); ++i) out[i] = memory_->publish(rooms[i], type).to_key();
  fabric_.memory_changed();
}

status producer::adopt(const resident& object, type_id type, key& out) noexcept {
  ticket made;
  if (const status s = memory_->adopt(object, type, made); !s.ok()) return s;
  out = made.to_key();
  fabric_.memory_changed();
  return {};
}

status producer::evict(const ticket& object, const deadline& until) noexcept {
  const status s = memory_->evict(object, &until);
  fabric_.memory_changed();
  return s;
}

void producer::collect(metrics& m) const noexcept {
  memory_->collect(m);
  server_->collect(m);
}

}  // namespace farhold::rma
