// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <farhold/connector.hpp>
#include <farhold/transport.hpp>

#include "arenas.hpp"
#include "clock.hpp"
#include "service.hpp"

namespace farhold::rma {

struct options;

/// The half of the engine that has objects: makes room for them, publishes and ends them, and serves readers
/// that cannot help themselves.
///
/// Lifetime  `open` once, before anything else. The first arena is exposed by the engine, which also says,
///           by `leak`, that all memory has to outlive us, or, by `shut`, that nobody outside can read it.
/// Threads   All but `open`, `leak` and `shut`.
class producer {
 public:
  producer(transport& fabric, std::uint64_t incarnation)
      : fabric_(fabric), memory_(new arenas(incarnation)) {}
  producer(const producer&) = delete;
  producer& operator=(const producer&) = delete;
  ~producer();

  status open(const options& how) noexcept;
  void leak() noexcept;
  void shut() noexcept;

  [[nodiscard]] arenas& memory() const noexcept { return *memory_; }
  [[nodiscard]] server& service() noexcept { return *server_; }

  status reserve(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                 std::span<reservation> out) noexcept;
  void publish(std::span<const reservation> rooms, type_id type, std::span<key> out) noexcept;
  void abandon(const reservation& room) noexcept { memory_->abandon(room.handle); }
  status adopt(const resident& object, type_id type, key& out) noexcept;

  /// An object of this process, under a pin.
  status get(const ticket& object, landing& where) noexcept { return memory_->show(object, where); }
  /// Lent memory has been released when this returns, or it is `timeout`.
  status evict(const ticket& object, const deadline& until) noexcept;

  /// Releases what is due of published memory.
  void tick() noexcept { memory_->tick(); }
  [[nodiscard]] bool waits_to_release() const noexcept { return memory_->waits_to_release(); }
  void collect(metrics& m) const noexcept;

 private:
  transport& fabric_;
  arenas_ptr memory_;
  std::optional<server> server_;
};

}  // namespace farhold::rma
