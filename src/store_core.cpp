// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/store_core.hpp>

#include <cstring>

#include "detail/fork.hpp"
#include "detail/object_cache.hpp"
#include "detail/store_names.hpp"

namespace farhold::detail {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::unique_ptr<connector> required(std::unique_ptr<connector> given, const std::string& store) {
  if (given == nullptr) throw error(errc::invalid_argument, "store '" + store + "' was given no connector");
  return given;
}

/// What to do about an error where the connector has no better advice.
const char* general_cure(errc code) noexcept {
  switch (code) {
    case errc::stale: return "it was evicted; ask its producer for a proxy of the object that took its place";
    case errc::not_found:
      return "no such object was put, or its store was reopened; ask its producer for a new proxy";
    case errc::producer_lost:
      return "the process that held it has ended or was restarted; ask the new one for a proxy";
    case errc::unreachable: return "no path leads to its producer; check the network and the store's options";
    case errc::timeout:
      return "the deadline passed; the producer may be stopped, or the call's timeout too short";
    case errc::corrupt: return "its bytes are not what was published; ask for the proxy again";
    case errc::out_of_memory: return "evict objects, or make the store larger";
    case errc::closed: return "the store was closed here; open it again";
    default: return "";
  }
}

}  // namespace

store_core::store_core(std::string name, std::unique_ptr<connector> connector, const store_options& options)
    : connector_(required(std::move(connector), name)), options_(options), fork_epoch_(fork_epoch()) {
  address_ = make_store_address(std::move(name), connector_->uri());
  if (options_.timeout <= std::chrono::nanoseconds::zero()) {
    throw error(errc::invalid_argument, "store '" + this->name() + "': the timeout must be above zero");
  }
  if (options_.cache_bytes > 0) cache_ = std::make_unique<object_cache>(options_.cache_bytes);
}

store_core::~store_core() = default;

std::chrono::nanoseconds store_core::timeout(const call_options& call) const {
  return call.timeout.value_or(options_.timeout);
}

void store_core::require_open(const char* action) const {
  if (fork_epoch() != fork_epoch_) {
    throw error(errc::closed,
                "store '" + name() + "': cannot " + action +
                    ": it belongs to the parent of this forked process; open a store of its own after fork");
  }
  if (closed_.load(std::memory_order_acquire)) {
    throw error(errc::closed, "store '" + name() + "': cannot " + action + ": it was closed");
  }
}

void store_core::fail(const status& problem, const char* action, const key* object) const {
  std::string text = "store '" + name() + "': cannot " + action;
  if (object != nullptr) {
    text += " object " + object->to_string() + " (" + std::to_string(object->size_bytes()) + " bytes, " +
            describe(object->type()) + ")";
  }
  text += std::string(": ") + problem.where;
  if (problem.native != 0) text += " (native code " + std::to_string(problem.native) + ")";
  std::string cure = connector_->cure(problem);
  if (cure.empty()) cure = general_cure(problem.code);
  if (!cure.empty()) text += "; " + cure;
  throw error(problem.code, text);
}

reservation store_core::reserve(std::uint64_t size_bytes, const call_options& call) {
  require_open("store an object");
  reservation room;
  if (const status s = connector_->reserve(size_bytes, timeout(call), room); !s.ok()) {
    fail(s, ("store an object of " + std::to_string(size_bytes) + " bytes").c_str(), nullptr);
  }
  return room;
}

key store_core::publish(const reservation& room, type_id type) {
  key made;
  if (const status s = connector_->publish(room, type, made); !s.ok()) {
    connector_->abandon(room);
    fail(s, "publish an object", nullptr);
  }
  counters_.published.fetch_add(1, relaxed);
  counters_.published_bytes.fetch_add(room.memory.size(), relaxed);
  return made;
}

void store_core::abandon(const reservation& room) noexcept { connector_->abandon(room); }

void store_core::read(const key& object, landing& where, const call_options& call) {
  require_open("read an object");
  if (object.empty()) {
    throw error(errc::not_found,
                "store '" + name() + "': the key names an inline object, which is in its proxy only");
  }
  read_report report;
  const status s = connector_->get(object, where, timeout(call), report);
  if (s.ok()) [[likely]] {
    count(report.way, object.size_bytes());
    return;
  }
  counters_.failed.fetch_add(1, relaxed);
  if (s.code == errc::stale) counters_.stale.fetch_add(1, relaxed);
  if (s.code == errc::timeout) counters_.timeouts.fetch_add(1, relaxed);
  fail(s, "read", &object);
}

bool store_core::exists(const key& object, const call_options& call) {
  require_open("ask for an object");
  if (object.empty()) return false;
  bool answer = false;
  if (const status s = connector_->exists(object, timeout(call), answer); !s.ok())
    fail(s, "ask for", &object);
  return answer;
}

void store_core::evict(const key& object, const call_options& call) {
  require_open("evict an object");
  if (object.empty()) {
    throw error(errc::unsupported, "store '" + name() +
                                       "': an inline object is a value of its proxy and cannot be evicted; "
                                       "set inline_bytes = 0 to store small objects like others");
  }
  if (const status s = connector_->evict(object, timeout(call)); !s.ok()) fail(s, "evict", &object);
}

void store_core::close(const call_options& call) {
  require_open("close");
  closed_.store(true, std::memory_order_release);
  if (cache_ != nullptr) cache_->clear();
  if (const status s = connector_->close(timeout(call)); !s.ok()) fail(s, "close", nullptr);
}

landing_ptr store_core::cached(const key& object, const void* tag) {
  if (cache_ == nullptr) return nullptr;
  landing_ptr hit = cache_->find(object, tag);
  if (hit != nullptr) count(path::cached, object.size_bytes());
  return hit;
}

void store_core::remember(const key& object, const void* tag, landing_ptr target) {
  if (cache_ != nullptr) cache_->insert(object, tag, std::move(target));
}

void store_core::count(path way, std::uint64_t bytes) noexcept {
  counters_.resolves[static_cast<std::size_t>(way)].fetch_add(1, relaxed);
  counters_.bytes[static_cast<std::size_t>(way)].fetch_add(bytes, relaxed);
}

void store_core::count_inlined(std::uint64_t bytes) noexcept { count(path::inlined, bytes); }

metrics store_core::snapshot() const {
  metrics m;
  for (std::size_t i = 0; i < path_count; ++i) {
    m.by_path[i] = {counters_.resolves[i].load(relaxed), counters_.bytes[i].load(relaxed)};
  }
  m.published = counters_.published.load(relaxed);
  m.published_bytes = counters_.published_bytes.load(relaxed);
  m.failed_resolves = counters_.failed.load(relaxed);
  m.observed_stale = counters_.stale.load(relaxed);
  m.timeouts = counters_.timeouts.load(relaxed);
  connector_->collect(m);
  return m;
}

void throw_wrong_type(const key& object, type_id wanted) {
  throw error(errc::wrong_type, "the object is " + describe(object.type()) +
                                    ", this proxy or call asks for " + describe(wanted) +
                                    "; use the producer's element type");
}

}  // namespace farhold::detail
