// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <farhold/rma.hpp>
#include <farhold/transport.hpp>

#include "card.hpp"
#include "clock.hpp"
#include "peer_memory.hpp"

namespace farhold::rma {

/// A process that has a store of ours: first a name, which costs little, since there may be many that are
/// never needed; then, once it was met, its card and its memory, which is looked for when it is first needed.
///
/// Threads   All of it; `description`, `memory` and `access` once it was met.
class peer {
 public:
  peer(peer_id id, std::uint64_t incarnation) noexcept : incarnation_(incarnation), id_(id) {}
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;
  ~peer() { delete contact_.load(std::memory_order_relaxed); }

  [[nodiscard]] peer_id id() const noexcept { return id_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }

  [[nodiscard]] bool met() const noexcept { return contact_.load(std::memory_order_acquire) != nullptr; }
  [[nodiscard]] const card& description() const noexcept { return known().description; }
  [[nodiscard]] const peer_memory& memory() const noexcept { return known().memory; }

  /// How its memory can be read. Also where the answer is `none`, because a fabric may wait for ever for a
  /// process of this host that the kernel knows to be dead.
  peer_memory::access access(same_host wish) noexcept;
  /// By views of this process.
  [[nodiscard]] std::uint64_t pins_held() const noexcept;

 private:
  friend class peers;

  struct contact {
    explicit contact(const card& shown) noexcept : description(shown) { memory.meet(shown); }

    const card description;
    std::mutex attaching;
    std::atomic<bool> attached{false};
    peer_memory::access access = peer_memory::access::none;
    peer_memory memory;
  };
  [[nodiscard]] contact& known() const noexcept { return *contact_.load(std::memory_order_acquire); }
  /// `shown` is the card the fabric has of it.
  status meet(const card& shown) noexcept;

  const std::uint64_t incarnation_;
  std::atomic<contact*> contact_{nullptr};
  const peer_id id_;
};

/// The processes known to the engine, by the incarnation that tickets carry.
///
/// Lifetime  A peer stays where it is until the end.
/// Threads   `find`, `introduce` and `meet` from any; `meet_all` before all others. `find` takes no lock.
class peers {
 public:
  /// Nobody knows so many producers: whoever goes on introducing more has got hold of bad tokens.
  static constexpr std::size_t most = std::size_t{1} << 20U;

  peers();
  peers(const peers&) = delete;
  peers& operator=(const peers&) = delete;
  ~peers();

  /// Meets all peers that the fabric knows since it was opened.
  status meet_all(const transport& fabric) noexcept;
  /// Null if nobody here has that incarnation.
  [[nodiscard]] peer* find(std::uint64_t incarnation) const noexcept;
  /// By views of this process, in the memory of all of them.
  [[nodiscard]] std::uint64_t pins_held() const noexcept;
  /// Adds a peer that can be reached at `address`. One that is known already stays as it is.
  status introduce(transport& fabric, std::string_view address, std::uint64_t incarnation) noexcept;
  /// Fetches the card of one that was introduced. Does nothing if it was met.
  static status meet(transport& fabric, peer& whom, const deadline& until) noexcept;

 private:
  class table;

  [[nodiscard]] peer& add(peer_id id, std::uint64_t incarnation);

  mutable std::mutex mutex_;  // of those who add
  std::deque<peer> all_;
  std::atomic<const table*> current_;
  std::vector<std::unique_ptr<table>> tables_;  // the former ones too: somebody may still look into them
};

/// What a peer costs that was introduced and never needed, besides what the fabric keeps of it: itself, and
/// its place in a table at most three quarters empty and in the smaller tables before that.
inline constexpr std::size_t bytes_per_introduced_peer = sizeof(peer) + 8 * sizeof(void*);

}  // namespace farhold::rma
