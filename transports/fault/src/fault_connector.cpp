// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include <farhold/error.hpp>
#include <farhold/fault.hpp>
#include <farhold/registry.hpp>

#include "dice.hpp"

namespace farhold::fault {

namespace {

constexpr status as_planned{errc::transport_failure, 0, "call a connector that is planned to fail"};
constexpr std::string_view prefix = "fault+";

/// "fault+", the inner URI, and the plan among its options. An inner store that nobody else can open has
/// none.
std::string uri_of(const std::string& inner, const plan& what) {
  if (inner.empty()) return {};
  return std::string(prefix) + inner + (inner.find('?') == std::string::npos ? "?" : "&") + what.to_options();
}

/// Passes everything on, now and then late or not at all.
class fault_connector final : public farhold::connector {
 public:
  fault_connector(std::unique_ptr<farhold::connector> inner, const plan& what)
      : inner_(std::move(inner)), dice_(what), uri_(uri_of(inner_->uri(), what)) {}

  [[nodiscard]] const std::string& uri() const noexcept override { return uri_; }
  [[nodiscard]] connector_capabilities capabilities() const noexcept override {
    return inner_->capabilities();
  }
  void introduce(std::string_view uri) noexcept override {
    if (uri.starts_with(prefix)) uri.remove_prefix(prefix.size());
    inner_->introduce(uri);
  }

  [[nodiscard]] std::string origin(const key& object) const override {
    return uri_of(inner_->origin(object), dice_.what());
  }

  status reserve(std::uint64_t size_bytes, const call_limits& limits, reservation& out) noexcept override {
    const status s = strike(call::reserve, limits);
    return s.ok() ? inner_->reserve(size_bytes, limits, out) : s;
  }
  status publish(const reservation& room, type_id type, key& out) noexcept override {
    const status s = dice_.refuses(call::publish) ? as_planned : status{};
    return s.ok() ? inner_->publish(room, type, out) : s;
  }
  void abandon(const reservation& room) noexcept override { inner_->abandon(room); }
  status promise(std::uint64_t size_bytes, type_id type, const call_limits& limits,
                 key& out) noexcept override {
    return inner_->promise(size_bytes, type, limits, out);
  }
  status adopt(const resident& object, type_id type, key& out) noexcept override {
    return dice_.refuses(call::publish) ? as_planned : inner_->adopt(object, type, out);
  }
  [[nodiscard]] std::pmr::memory_resource* memory() noexcept override { return inner_->memory(); }

  status get(const key& object, landing& where, const call_limits& limits,
             read_report& report) noexcept override {
    if (const status s = strike(call::get, limits); !s.ok()) return s;
    const status s = inner_->get(object, where, limits, report);
    const bool cut = s.ok() && dice_.deals(truncate);
    return cut ? status{errc::transport_failure, 0, "bring all of the object, as planned"} : s;
  }
  status exists(const key& object, const call_limits& limits, bool& answer) noexcept override {
    const status s = strike(call::exists, limits);
    return s.ok() ? inner_->exists(object, limits, answer) : s;
  }
  status evict(const key& object, const call_limits& limits) noexcept override {
    const status s = strike(call::evict, limits);
    return s.ok() ? inner_->evict(object, limits) : s;
  }

  status close(std::chrono::nanoseconds timeout) noexcept override { return inner_->close(timeout); }
  void collect(metrics& m) const noexcept override { inner_->collect(m); }
  [[nodiscard]] std::string cure(const status& problem) const override { return inner_->cure(problem); }

 private:
  /// Lets time pass, if the dice say so, and says whether the call is to fail.
  status strike(call kind, const call_limits& limits) noexcept {
    if (dice_.deals(delay)) {
      const auto longest = std::max(limits.timeout, std::chrono::nanoseconds::zero());
      std::this_thread::sleep_for(std::min(dice_.what().delay_time, longest));
      if (dice_.what().delay_time >= longest) return {errc::timeout, 0, "wait as long as planned"};
    }
    return dice_.refuses(kind) ? as_planned : status{};
  }

  std::unique_ptr<farhold::connector> inner_;
  dice dice_;
  std::string uri_;
};

}  // namespace

std::unique_ptr<farhold::connector> connector(std::unique_ptr<farhold::connector> inner, const plan& what) {
  const std::pair<const char*, double> of_networks[] = {
      {"tear", what.tear}, {"duplicate", what.duplicate}, {"drop", what.drop}, {"reorder", what.reorder}};
  for (const auto& [fault, frequency] : of_networks) {
    if (frequency > 0) {
      throw error(errc::invalid_argument,
                  "a connector has no messages and no reads by pieces, to which '" + std::string(fault) +
                      "' could be done; decorate the transport within, by farhold::fault::transport");
    }
  }
  return std::make_unique<fault_connector>(std::move(inner), what);
}

void add_schemes(registry& to) {
  to.add_decorator(std::string(prefix), [](uri& options) -> registry::decoration {
    return [what = plan::take_from(options)](std::unique_ptr<farhold::connector> inner) {
      return connector(std::move(inner), what);
    };
  });
}

}  // namespace farhold::fault
