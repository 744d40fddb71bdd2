// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <farhold/multi.hpp>

#include "chooser.hpp"
#include "description.hpp"
#include "parts.hpp"
#include "place.hpp"
#include "twin_writer.hpp"

namespace farhold::multi {

class multi_connector final : public farhold::connector {
 public:
  multi_connector(std::vector<part> all, const options& how);
  /// For proxies only: parts are opened when an object is wanted from them.
  explicit multi_connector(const description& described);

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override { return can_; }
  void introduce(std::string_view uri) noexcept override { parts_.introduce(uri); }
  [[nodiscard]] std::string origin(const key& object) const override;

  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override;
  status publish(const reservation& reserved, type_id type, key& out) noexcept override;
  void abandon(const reservation& reserved) noexcept override;
  status adopt(const resident& object, type_id type, key& out) noexcept override;
  [[nodiscard]] std::pmr::memory_resource* memory() noexcept override;

  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override;
  void get_batch(std::span<read_request> requests) noexcept override;
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept override;
  status evict(const key& object, const call_limits& limits) noexcept override;

  status close(std::chrono::nanoseconds timeout) noexcept override;
  void collect(metrics& m) const noexcept override;
  [[nodiscard]] std::string cure(const status& problem) const override;

 private:
  struct room;

  [[nodiscard]] status find(const key& object, place& out) const noexcept;
  /// Room in the first part from `from` on, in their order, that takes the object and is not full.
  status reserve_from(std::size_t from, room& mine, const call_limits& limits) noexcept;
  status publish_first(room& mine, const reservation& reserved, type_id type, key& made) noexcept;
  [[nodiscard]] bool needs_twin(const room& mine) const noexcept;
  status prepare_twin(const room& mine, const reservation& reserved, type_id type,
                      twin_writer::job& job) noexcept;
  /// The call failed in that part: who asks for a cure asks it.
  status failed_in(std::size_t part, const status& problem) const noexcept;

  parts parts_;
  directory directory_;
  std::string uri_;
  connector_capabilities can_;
  std::optional<chooser> chooser_;  // none: for proxies only
  std::unique_ptr<twin_writer> twin_writer_;
  std::optional<std::size_t> twin_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> evicted_{0};
};

}  // namespace farhold::multi
