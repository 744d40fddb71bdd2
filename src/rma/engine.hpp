// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/rma.hpp>
#include <farhold/transport.hpp>

#include "arena.hpp"
#include "blocks.hpp"
#include "peer_memory.hpp"
#include "progress_thread.hpp"
#include "quarantine.hpp"
#include "service.hpp"
#include "validation.hpp"

namespace farhold::rma {

/// What a one-sided connector is made of, besides its transport.
struct options {
  std::uint64_t arena_bytes = std::uint64_t{64} << 20U;
  farhold::same_host same_host = same_host::automatic;
  bool progress_thread = true;
  farhold::validation validation = validation::automatic;
  std::chrono::nanoseconds grace = std::chrono::milliseconds(100);
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  ///< of opening
  std::string uri;
  clock time;
};

/// The one-sided connector without its lifetime rules: arenas, objects, peers, and the choice of the path.
///
/// Lifetime  `open` once, then `close` once, or neither. `close` may be called by the fabric (see
///           transport_listener::on_fabric_ending) when nobody else did.
class engine final : private transport_listener {
 public:
  engine(std::unique_ptr<transport> fabric, const options& options);
  ~engine();

  status open() noexcept;
  status close(std::chrono::nanoseconds timeout) noexcept;
  [[nodiscard]] bool closed() const noexcept { return closing_.load(std::memory_order_acquire); }

  status reserve(std::uint64_t size_bytes, std::chrono::nanoseconds timeout, reservation& out) noexcept;
  status publish(const reservation& room, type_id type, key& out) noexcept;
  void abandon(const reservation& room) noexcept;
  status get(const key& object, landing& where, std::chrono::nanoseconds timeout,
             read_report& report) noexcept;
  status exists(const key& object, std::chrono::nanoseconds timeout, bool& answer) noexcept;
  status evict(const key& object, std::chrono::nanoseconds timeout) noexcept;
  void collect(metrics& m) const noexcept;

  [[nodiscard]] const options& settings() const noexcept { return options_; }
  [[nodiscard]] const transport& fabric() const noexcept { return *fabric_; }

 private:
  /// A process that has a store of ours. Its memory is looked for when it is first needed.
  struct peer {
    card description;
    std::atomic<bool> attached{false};
    peer_memory::access access = peer_memory::access::none;
    peer_memory memory;
  };
  class call_guard;

  void on_message(peer_id from, byte_view message) noexcept override;
  void on_sent(std::uint64_t cookie, status outcome) noexcept override;
  void on_fabric_ending() noexcept override;

  status make_arena() noexcept;
  status meet_peers() noexcept;
  status locate(const key& object, ticket& out, peer_id& at) const noexcept;
  peer_memory::access access_to(peer& p) noexcept;
  [[nodiscard]] bool drain_quarantine(const deadline& until) noexcept;

  status get_own(const ticket& object, landing& where) noexcept;
  status get_mapped(peer& p, const ticket& object, landing& where) noexcept;
  status get_by_cma(peer& p, const ticket& object, landing& where) noexcept;
  status get_by_window(peer_id from, const ticket& object, landing& where, const deadline& until) noexcept;
  status read_window(remote_read read, landing& where, const deadline& until) noexcept;
  /// Reads the trailer of an object that is not ours, by the cheapest path.
  status look(peer_id at, const ticket& object, const deadline& until,
              std::optional<trailer>& found) noexcept;

  [[nodiscard]] bool own_objects_directly(peer_id at) const noexcept {
    return at == fabric_->self() && options_.same_host == same_host::automatic;
  }

  std::unique_ptr<transport> fabric_;
  options options_;
  read_rules rules_;
  std::uint64_t incarnation_;
  arena arena_;
  std::optional<blocks> blocks_;
  std::vector<std::unique_ptr<peer>> peers_;
  std::unordered_map<std::uint64_t, peer_id> by_incarnation_;  // fixed after open
  std::mutex attaching_;
  std::optional<server> server_;
  std::optional<client> client_;
  quarantine quarantine_;
  read_counters counters_;
  progress_thread progress_;
  std::atomic<std::int64_t> calls_{0};
  bool exposed_ = false;  // to peers, by the fabric; only open, close and the destructor look
  std::atomic<bool> opened_{false};
  std::atomic<bool> closing_{false};
};

}  // namespace farhold::rma
