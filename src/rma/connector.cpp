// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "connector.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <farhold/log.hpp>

#include "../detail/fork.hpp"

namespace farhold::rma {

namespace {

/// Engines whose connector went without close. They serve on; the fabric's end closes them.
void keep_until_the_end(std::unique_ptr<engine> e) {
  static std::mutex* const mutex = new std::mutex;
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
    } else if (!engine_->closed() || leaking_) {
      if (!engine_->closed())
        detail::log("a store was destroyed without close(); it is served until the fabric ends");
      keep_until_the_end(std::move(engine_));
    }
  }

  [[nodiscard]] const std::string& uri() const noexcept override { return engine_->settings().uri; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    const std::uint64_t arena_bytes = engine_->settings().arena_bytes;
    return {.other_processes = true,
            .max_object_bytes = arena_bytes - std::min(arena_bytes, sizeof(trailer))};
  }
  status reserve(std::uint64_t size_bytes, std::chrono::nanoseconds timeout,
                 reservation& out) noexcept override {
    return engine_->reserve(size_bytes, timeout, out);
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    return engine_->publish(room, type, out);
  }
  void abandon(const reservation& room) noexcept override { engine_->abandon(room); }
  status get(const key& object, landing& where, std::chrono::nanoseconds timeout,
             read_report& report) noexcept override {
    return engine_->get(object, where, timeout, report);
  }
  status exists(const key& object, std::chrono::nanoseconds timeout, bool& answer) noexcept override {
    return engine_->exists(object, timeout, answer);
  }
  status evict(const key& object, std::chrono::nanoseconds timeout) noexcept override {
    return engine_->evict(object, timeout);
  }
  status close(std::chrono::nanoseconds timeout) noexcept override {
    const status s = engine_->close(timeout);
    leaking_ = !s.ok();
    return s;
  }
  void collect(metrics& m) const noexcept override { engine_->collect(m); }

  [[nodiscard]] std::string cure(const status& problem) const override {
    const std::string arena = std::to_string(engine_->settings().arena_bytes) + " bytes of arena";
    switch (problem.code) {
      case errc::out_of_memory:
        return "this process has " + arena +
               "; evict objects, or construct the connector with larger arena_bytes";
      case errc::closed: return "close() was called, or the fabric was shut down without it";
      default: return {};
    }
  }

 private:
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
