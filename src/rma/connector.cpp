// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "connector.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <farhold/detail/process_mutex.hpp>
#include <farhold/log.hpp>

#include "../detail/fork.hpp"

namespace farhold::rma {

namespace {

/// Engines whose connector went without close. They serve on; the fabric's end closes them.
void keep_until_the_end(std::unique_ptr<engine> e) {
  static auto* const mutex = new detail::process_mutex;
  static auto* const kept = new std::vector<std::unique_ptr<engine>>;
  const std::scoped_lock lock(*mutex);
  kept->push_back(std::move(e));
}

class one_sided_connector final : public connector {
 public:
  explicit one_sided_connector(std::unique_ptr<engine> e)
      : engine_(std::move(e)), epoch_(detail::fork_epoch()) {}

  ~one_sided_connector() override {
    if (detail::fork_epoch() != epoch_) {
      static_cast<void>(engine_.release());  // the parent's: neither its thread nor its memory is here
      return;
    }
    if (!engine_->closed() && !engine_->fabric().capabilities().collective) {
      constexpr std::chrono::seconds patience{1};
      static_cast<void>(close(patience));
    }
    if (engine_->closed() && !leaking_) return;
    if (!engine_->closed())
      detail::log("a store was destroyed without close(); it is served until the fabric ends");
    keep_until_the_end(std::move(engine_));
  }

  [[nodiscard]] const std::string& uri() const noexcept override { return engine_->settings().uri; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return {.other_processes = true, .max_object_bytes = engine_->largest_object_bytes()};
  }
  void introduce(std::string_view uri) noexcept override { engine_->introduce(uri); }
  [[nodiscard]] std::string origin(const key& object) const override { return engine_->origin(object); }
  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override {
    return engine_->reserve(size_bytes, limits, out);
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    return engine_->publish(room, type, out);
  }
  void abandon(const reservation& room) noexcept override { engine_->abandon(room); }
  status adopt(const resident& object, type_id type, key& out) noexcept override {
    return engine_->adopt(object, type, out);
  }
  [[nodiscard]] std::pmr::memory_resource* memory() noexcept override { return engine_->memory(); }
  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    return engine_->get(object, where, limits, report);
  }
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept override {
    return engine_->exists(object, limits, answer);
  }
  status evict(const key& object, const call_limits& limits) noexcept override {
    return engine_->evict(object, limits);
  }
  status reserve_batch(std::span<const std::uint64_t> sizes_bytes, const call_limits& limits,
                       std::span<reservation> out) noexcept override {
    return engine_->reserve_batch(sizes_bytes, limits, out);
  }
  status publish_batch(std::span<const reservation> rooms, type_id type,
                       std::span<key> out) noexcept override {
    return engine_->publish_batch(rooms, type, out);
  }
  void get_batch(std::span<read_request> requests) noexcept override { engine_->get_batch(requests); }
  void exists_batch(std::span<key_request> requests, const call_limits& limits) noexcept override {
    engine_->exists_batch(requests, limits);
  }
  void evict_batch(std::span<key_request> requests, const call_limits& limits) noexcept override {
    engine_->evict_batch(requests, limits);
  }
  status close(std::chrono::nanoseconds timeout) noexcept override {
    const status s = engine_->close(timeout);
    leaking_ = !s.ok();
    return s;
  }
  void collect(metrics& m) const noexcept override { engine_->collect(m); }

  [[nodiscard]] std::string cure(const status& problem) const override {
    switch (problem.code) {
      case errc::out_of_memory: return out_of_memory_cure();
      case errc::producer_lost:
        if (engine_->fabric().address().empty()) return {};
        return "its process has ended, or it was reopened; ask the new one for a proxy. A compact token says "
               "nothing of its producer: pass portable ones to processes that have not met it";
      case errc::closed: return "close() was called, or the fabric was shut down without it";
      default: return {};
    }
  }

 private:
  [[nodiscard]] std::string out_of_memory_cure() const {
    const options& how = engine_->settings();
    metrics m;
    engine_->collect(m);
    std::string text = "this process has " + std::to_string(m.arena_bytes) + " bytes of arena, of which " +
                       std::to_string(m.arena_used_bytes) + " are in use; evict objects, or construct the " +
                       "connector with larger arena_bytes";
    if (how.arena_limit_bytes > how.arena_bytes)
      text += " (" + std::to_string(how.arena_bytes) + ") or arena_limit_bytes (" +
              std::to_string(how.arena_limit_bytes) + ")";
    return text;
  }

  std::unique_ptr<engine> engine_;
  std::uint64_t epoch_;
  bool leaking_ = false;
};

}  // namespace

std::unique_ptr<connector> make_connector(std::unique_ptr<transport> fabric, const options& options) {
  auto made = std::make_unique<engine>(std::move(fabric), options);
  if (const status s = made->open(); !s.ok()) {
    std::string text = "cannot open a connector over " + std::string(made->fabric().name()) + ": " + s.where;
    if (s.native != 0) text += " (native code " + std::to_string(s.native) + ")";
    if (const std::string more = made->fabric().remarks(); !more.empty()) text += "; " + more;
    if (s.code == errc::out_of_memory) {
      text += "; " + std::to_string(options.arena_bytes) + " bytes were asked for with arena_bytes, " +
              std::to_string(available_memory_bytes()) + " can be had on this host";
    }
    throw error(s.code, text);
  }
  if (const std::string more = made->fabric().remarks(); !more.empty()) detail::log(more);
  return std::make_unique<one_sided_connector>(std::move(made));
}

}  // namespace farhold::rma
