// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/store_core.hpp>

#include <numeric>
#include <optional>

#include <farhold/lifetime.hpp>

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
    case errc::cancelled: return "the caller gave up; the next access tries again";
    case errc::corrupt: return "its bytes are not what was published; ask for the proxy again";
    case errc::out_of_memory: return "evict objects, or make the store larger";
    case errc::permission:
      return "the operating system refused; run producer and consumer as the same user of one host or job";
    case errc::unsupported: return "this store's connector cannot do that";
    case errc::closed: return "the store was closed here; open it again";
    case errc::transport_failure: return "the fabric failed; try again, and look into its own log";
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

bool store_core::of_this_process() const noexcept { return fork_epoch() == fork_epoch_; }

status store_core::usable() const noexcept {
  if (!of_this_process()) {
    return {errc::closed, 0,
            "it belongs to the parent of this forked process; open a store of its own after fork"};
  }
  if (closed_.load(std::memory_order_acquire)) return {errc::closed, 0, "it was closed"};
  return {};
}

store_address_ptr store_core::address_of(const key& object) const {
  std::string origin = usable().ok() && !object.empty() ? connector_->origin(object) : std::string();
  return origin.empty() ? address_ : make_store_address(address_->name, std::move(origin));
}

void store_core::require_open(const char* action) const {
  if (const status s = usable(); !s.ok()) {
    throw error(errc::closed, "store '" + name() + "': cannot " + action + ": " + s.where);
  }
}

error store_core::failure(const status& problem, const char* action, const key* object) const {
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
  return {problem.code, text};
}

object_hints store_core::hints(const put_options& options, type_id type) const {
  const std::optional<std::uint32_t> reads = options.lifetime.reads();
  const auto refuse = [&](errc code, const std::string& why) {
    throw error(code, "store '" + name() + "': " + why);
  };
  if (reads && *reads == 0) {
    refuse(errc::invalid_argument, "an object cannot end after 0 reads; leave it out to keep the object");
  }
  const connector_capabilities can =
      reads || options.durable ? connector_->capabilities() : connector_capabilities{};
  if (reads && !can.counts_reads) {
    refuse(errc::unsupported,
           "its connector counts no reads (docs/lifetimes.md says which do); give the object a scope or a "
           "time, or evict it");
  }
  if (options.durable && !can.durable) {
    refuse(errc::unsupported,
           "its connector makes nothing durable; use one that does, such as file, or a multi store with a "
           "durable twin");
  }
  return {.type = type, .tag = options.tag, .reads = reads.value_or(0), .durable = options.durable};
}

reservation store_core::reserve(std::uint64_t size_bytes, const call_options& call,
                                const object_hints& hints) {
  require_open("store an object");
  reservation room;
  call_limits told = limits(call);
  told.hints = &hints;
  if (const status s = connector_->reserve(size_bytes, told, room); !s.ok()) {
    throw failure(s, ("store an object of " + std::to_string(size_bytes) + " bytes").c_str(), nullptr);
  }
  room.reads = hints.reads;
  room.durable = hints.durable;
  return room;
}

std::vector<reservation> store_core::reserve_batch(std::span<const std::uint64_t> sizes_bytes,
                                                   const call_options& call, const object_hints& hints) {
  require_open("store objects");
  std::vector<reservation> rooms(sizes_bytes.size());
  call_limits told = limits(call);
  told.hints = &hints;
  if (const status s = connector_->reserve_batch(sizes_bytes, told, rooms); !s.ok()) {
    const auto total = std::accumulate(sizes_bytes.begin(), sizes_bytes.end(), std::uint64_t{0});
    const std::string action = "store " + std::to_string(sizes_bytes.size()) + " objects of together " +
                               std::to_string(total) + " bytes";
    throw failure(s, action.c_str(), nullptr);
  }
  for (reservation& room : rooms) {
    room.reads = hints.reads;
    room.durable = hints.durable;
  }
  return rooms;
}

key store_core::publish(const reservation& room, type_id type) {
  key made;
  if (const status s = connector_->publish(room, type, made); !s.ok()) {
    connector_->abandon(room);
    throw failure(s, "publish an object", nullptr);
  }
  counters_.published.fetch_add(1, relaxed);
  counters_.published_bytes.fetch_add(room.memory.size(), relaxed);
  return made;
}

std::vector<key> store_core::publish_batch(std::span<const reservation> rooms, type_id type) {
  std::vector<key> made(rooms.size());
  if (const status s = connector_->publish_batch(rooms, type, made); !s.ok()) {
    throw failure(s, "publish objects", nullptr);
  }
  counters_.published.fetch_add(rooms.size(), relaxed);
  for (const reservation& room : rooms) counters_.published_bytes.fetch_add(room.memory.size(), relaxed);
  return made;
}

bool store_core::adopt(const resident& memory, type_id type, key& out) {
  require_open("store an object");
  const status s = connector_->adopt(memory, type, out);
  if (s.code == errc::unsupported) return false;
  if (!s.ok()) {
    throw failure(s, ("publish " + std::to_string(memory.memory.size()) + " bytes in place").c_str(),
                  nullptr);
  }
  counters_.published.fetch_add(1, relaxed);
  counters_.published_bytes.fetch_add(memory.memory.size(), relaxed);
  counters_.published_in_place.fetch_add(1, relaxed);
  return true;
}

void store_core::abandon(const reservation& room) noexcept { connector_->abandon(room); }

namespace {

constexpr status inline_object{errc::not_found, 0,
                               "the key names an inline object, which is in its proxy only"};
constexpr status inline_eviction{
    errc::unsupported, 0,
    "an inline object is a value of its proxy and cannot be evicted; set inline_bytes = 0 to store small "
    "objects like others"};

}  // namespace

void store_core::read(const key& object, landing& where, const call_options& call) {
  require_open("read an object");
  read_report report;
  const status s = object.empty() ? inline_object : connector_->get(object, where, limits(call), report);
  if (s.ok()) [[likely]] {
    count(where.shown() ? path::view : report.way, object.size_bytes());
    return;
  }
  count_failure(s.code);
  throw failure(s, "read", &object);
}

void store_core::read_batch(std::span<read_request> requests) noexcept {
  if (const status s = usable(); !s.ok()) {
    for (read_request& r : requests) r.outcome = s;
    return;
  }
  connector_->get_batch(requests);
  for (const read_request& r : requests) {
    if (r.outcome.ok()) {
      count(r.where->shown() ? path::view : r.report.way, r.object->size_bytes());
    } else {
      count_failure(r.outcome.code);
    }
  }
}

bool store_core::exists(const key& object, const call_options& call) {
  require_open("ask for an object");
  if (object.empty()) return false;
  bool answer = false;
  if (const status s = connector_->exists(object, limits(call), answer); !s.ok()) {
    throw failure(s, "ask for", &object);
  }
  return answer;
}

void store_core::evict(const key& object, const call_options& call) {
  require_open("evict an object");
  const status s = object.empty() ? inline_eviction : connector_->evict(object, limits(call));
  if (!s.ok()) throw failure(s, "evict", &object);
}

std::vector<bool> store_core::exists_batch(std::span<const key> objects, const call_options& call) {
  require_open("ask for objects");
  std::vector<key_request> requests;
  for (const key& object : objects) {
    if (!object.empty()) requests.push_back({.object = &object});
  }
  connector_->exists_batch(requests, limits(call));
  std::vector<bool> answers;
  auto next = requests.begin();
  for (const key& object : objects) {
    if (object.empty()) {
      answers.push_back(false);
      continue;
    }
    if (!next->outcome.ok()) throw failure(next->outcome, "ask for", &object);
    answers.push_back(next->exists);
    ++next;
  }
  return answers;
}

void store_core::evict_batch(std::span<const key> objects, const call_options& call) {
  require_open("evict objects");
  for (const key& object : objects) {
    if (object.empty()) throw failure(inline_eviction, "evict", &object);
  }
  std::vector<key_request> requests;
  for (const key& object : objects) requests.push_back({.object = &object});
  connector_->evict_batch(requests, limits(call));
  for (const key_request& r : requests) {
    if (!r.outcome.ok()) throw failure(r.outcome, "evict", r.object);
  }
}

void store_core::close(const call_options& call) {
  require_open("close");
  closed_.store(true, std::memory_order_release);
  if (cache_ != nullptr) cache_->clear();
  if (const status s = connector_->close(limits(call).timeout); !s.ok()) throw failure(s, "close", nullptr);
}

landing_ptr store_core::cached(const key& object, const void* tag) {
  return cache_ != nullptr ? cache_->find(object, tag) : nullptr;
}

void store_core::remember(const key& object, const void* tag, landing_ptr target) {
  if (cache_ != nullptr) cache_->insert(object, tag, std::move(target));
}

void store_core::count(path way, std::uint64_t bytes) noexcept {
  counters_.resolves[static_cast<std::size_t>(way)].fetch_add(1, relaxed);
  counters_.bytes[static_cast<std::size_t>(way)].fetch_add(bytes, relaxed);
}

void store_core::count_failure(errc code) noexcept {
  counters_.failed.fetch_add(1, relaxed);
  if (code == errc::stale) counters_.stale.fetch_add(1, relaxed);
  if (code == errc::timeout) counters_.timeouts.fetch_add(1, relaxed);
}

void store_core::count_inlined(std::uint64_t bytes) noexcept { count(path::inlined, bytes); }

void store_core::count_failed_eviction() noexcept { counters_.failed_evictions.fetch_add(1, relaxed); }

metrics store_core::snapshot() const {
  metrics m;
  for (std::size_t i = 0; i < path_count; ++i) {
    m.by_path[i] = {counters_.resolves[i].load(relaxed), counters_.bytes[i].load(relaxed)};
  }
  if (cache_ != nullptr) m.on(path::cached) = cache_->hits();
  m.published = counters_.published.load(relaxed);
  m.published_bytes = counters_.published_bytes.load(relaxed);
  m.published_in_place = counters_.published_in_place.load(relaxed);
  m.failed_evictions = counters_.failed_evictions.load(relaxed);
  m.failed_resolves = counters_.failed.load(relaxed);
  m.observed_stale = counters_.stale.load(relaxed);
  m.timeouts = counters_.timeouts.load(relaxed);
  if (of_this_process()) connector_->collect(m);  // whose memory and locks a forked child has not
  return m;
}

void throw_wrong_type(const key& object, type_id wanted) {
  throw error(errc::wrong_type, "the object is " + describe(object.type()) +
                                    ", this proxy or call asks for " + describe(wanted) +
                                    "; use the producer's element type");
}

}  // namespace farhold::detail
