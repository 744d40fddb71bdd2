// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/registry.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include <farhold/detail/store_core.hpp>

#include "detail/builtin_schemes.hpp"
#include "detail/plugins.hpp"
#include "detail/store_names.hpp"

namespace farhold {

namespace {

/// Counts what is added to and removed from the registry, so that a thread can tell whether what it found
/// is still what it would find.
std::atomic<std::uint64_t> changes{0};

/// The stores this thread found last, which are nearly always the ones it looks for: two atomic operations on
/// the store in place of four more on a lock that all threads share. Keeps no store alive.
struct last_found {
  struct place {
    std::uint64_t changes = 0;
    std::uint32_t name_hash = 0;
    std::weak_ptr<detail::store_core> store;
  };
  std::array<place, 8> places;

  place& of(std::uint32_t name_hash) noexcept { return places[name_hash % places.size()]; }
  ~last_found() { ended = true; }
  /// Proxies may resolve in destructors that run even later.
  static thread_local constinit bool ended;
};
thread_local constinit bool last_found::ended = false;
thread_local last_found recent;

}  // namespace

registry::registry() { detail::add_builtin_schemes(*this); }

registry& registry::global() {
  static registry* const instance = new registry;  // never dies: proxies may resolve in other destructors
  return *instance;
}

void registry::add(const std::shared_ptr<detail::store_core>& store) {
  decltype(opened_by_proxies_)::node_type stepping_back;  // ends, if nobody uses it, after the lock
  const std::scoped_lock lock(mutex_);
  const auto [at, added] = stores_.emplace(store->address()->name_hash, store);
  if (added) {
    changes.fetch_add(1, std::memory_order_release);
    stepping_back = opened_by_proxies_.extract(at->first);
    return;
  }
  if (at->second->name() == store->name()) {
    throw error(errc::invalid_argument,
                "a store named '" + store->name() +
                    "' is open in this process already; close it first or choose another name");
  }
  throw error(errc::invalid_argument,
              "the store names '" + store->name() + "' and '" + at->second->name() +
                  "' collide in the hash that compact tokens carry; choose another name");
}

void registry::remove(const detail::store_core& store) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = stores_.find(store.address()->name_hash);
  if (at == stores_.end() || at->second.get() != &store) return;
  stores_.erase(at);
  changes.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<detail::store_core> registry::find(std::string_view name) const {
  auto found = find(detail::hash_store_name(name));
  return found != nullptr && found->name() == name ? found : nullptr;
}

std::shared_ptr<detail::store_core> registry::find(std::uint32_t name_hash) const {
  // Read before the map is: a change that comes between makes the next call look again.
  const std::uint64_t seen = changes.load(std::memory_order_acquire);
  last_found::place* const last = last_found::ended ? nullptr : &recent.of(name_hash);
  if (last != nullptr && last->changes == seen && last->name_hash == name_hash) {
    if (auto found = last->store.lock()) return found;
  }
  const std::scoped_lock lock(mutex_);
  auto at = stores_.find(name_hash);
  if (at == stores_.end()) {
    at = opened_by_proxies_.find(name_hash);
    if (at == opened_by_proxies_.end()) return nullptr;
  }
  if (last != nullptr) *last = {seen, name_hash, at->second};
  return at->second;
}

std::vector<std::string> registry::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [hash, store] : stores_) all.push_back(store->name());
  for (const auto& [hash, store] : opened_by_proxies_) all.push_back(store->name());
  return all;
}

void registry::add_scheme(std::string scheme, opener open, reach farthest, fabric_survey survey) {
  known_scheme made{std::move(open), farthest, survey};  // and the former one, which ends after the lock
  const std::scoped_lock lock(mutex_);
  std::swap(schemes_[std::move(scheme)], made);
}

std::vector<scheme_facts> registry::schemes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<scheme_facts> all;
  for (const auto& [name, known] : schemes_) all.push_back({name, known.farthest, known.survey});
  return all;
}

void registry::add_decorator(std::string prefix, decorator decorate) {
  const std::scoped_lock lock(mutex_);
  decorators_[std::move(prefix)].swap(decorate);  // the former one ends after the lock
}

std::unique_ptr<connector> registry::open(std::string_view uri_text) const {
  std::string_view undecorated = uri_text;
  opener open;
  decorator take_decoration;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [prefix, known] : decorators_) {
      if (!uri_text.starts_with(prefix)) continue;
      undecorated.remove_prefix(prefix.size());
      take_decoration = known;
    }
  }
  uri address(undecorated);
  {
    const std::scoped_lock lock(mutex_);
    if (const auto at = schemes_.find(address.scheme()); at != schemes_.end()) open = at->second.open;
  }
  if (!open) {
    open = detail::find_plugin(address.scheme());
    const std::scoped_lock lock(mutex_);
    if (!open) {
      std::string known;
      for (const auto& [scheme, ignored] : schemes_) known += (known.empty() ? "" : ", ") + scheme + "://";
      throw error(errc::invalid_argument, "no connector opens '" + uri::shown(uri_text) +
                                              "'; known schemes are " + known +
                                              ", and plug-ins are looked for in FARHOLD_PLUGIN_PATH");
    }
    schemes_.try_emplace(address.scheme(), known_scheme{open, reach::unknown, nullptr});
  }
  const decoration decorate = take_decoration ? take_decoration(address) : decoration();
  std::unique_ptr<connector> made = open(address);
  if (decorate) made = decorate(std::move(made));
  address.finish();
  return made;
}

detail::store_address_ptr detail::store_address_by_hash(std::uint32_t name_hash) {
  if (const auto open = registry::global().find(name_hash)) return open->address();
  return std::make_shared<const store_address>(store_address{{}, {}, name_hash});
}

void detail::introduce(const store_address& maker) noexcept {
  if (maker.uri.empty()) return;
  const auto open = registry::global().find(maker.name_hash);
  if (open != nullptr && open->name() == maker.name && open->address()->uri != maker.uri)
    open->introduce(maker.uri);
}

detail::store_address_ptr detail::store_address_of(const store_address_ptr& known, const key& object) {
  const auto open = registry::global().find(known->name_hash);
  return open != nullptr && open->address() == known ? open->address_of(object) : known;
}

void detail::count_inlined(const store_address& address, std::uint64_t bytes) noexcept {
  if (const auto open = registry::global().find(address.name_hash)) open->count_inlined(bytes);
}

namespace {

/// More names than this are not the names of stores; what opens each costs a thread and descriptors.
constexpr std::size_t most_opened_by_proxies = 64;

[[noreturn]] void refuse_unknown(const detail::store_address& address, const std::string& why) {
  const std::string& name = address.name;
  std::string open;
  for (const std::string& other : registry::global().names())
    open += (open.empty() ? "'" : ", '") + other + "'";
  throw error(errc::store_unknown, (name.empty() ? "the store of this proxy is not open in this process"
                                                 : "no store named '" + name + "' is open in this process") +
                                       (open.empty() ? " (none is)" : " (open are " + open + ")") +
                                       "; open it under the producer's name before the proxy is used" +
                                       (address.uri.empty() ? "" : ", its URI is '" + address.uri + "'") +
                                       why);
}

/// A store that nobody will close: the last one who uses it does.
std::shared_ptr<detail::store_core> closed_by_last_user(std::unique_ptr<detail::store_core> made) {
  return {made.release(), [](detail::store_core* core) {
            constexpr std::chrono::seconds patience{1};
            try {
              core->close({.timeout = patience});
            } catch (const error&) {
              // A fabric that does not let go in time; nobody here to tell.
            }
            delete core;
          }};
}

}  // namespace

std::shared_ptr<detail::store_core> registry::find_open(const detail::store_address& address) const {
  auto found = find(address.name_hash);
  if (found == nullptr || (!address.name.empty() && found->name() != address.name)) return nullptr;
  return found;
}

std::shared_ptr<detail::store_core> registry::find_or_open(const detail::store_address& address) {
  if (auto found = find_open(address)) {
    if (found->of_this_process()) return found;
    // Inherited by fork. One that the program opened is the parent's; another we can open for ourselves.
    decltype(opened_by_proxies_)::node_type of_parent;  // ends after the lock
    const std::scoped_lock lock(mutex_);
    if (stores_.contains(address.name_hash)) return found;
    of_parent = opened_by_proxies_.extract(address.name_hash);
    changes.fetch_add(1, std::memory_order_release);
  }
  if (address.name.empty() || address.uri.empty()) refuse_unknown(address, "");
  if (find(address.name_hash) != nullptr) {
    refuse_unknown(address, "; it cannot be opened from the proxy: another store's name has the same hash");
  }
  const std::scoped_lock one_at_a_time(opening_.of_this_process());
  if (auto found = find_open(address); found != nullptr && found->of_this_process()) return found;
  std::unique_ptr<connector> made;
  try {
    made = open(address.uri);
  } catch (const error& problem) {
    if (problem.kind() != errc::invalid_argument) throw;
    refuse_unknown(address, std::string("; it cannot be opened from the proxy: ") + problem.what());
  }
  auto opened = closed_by_last_user(
      std::make_unique<detail::store_core>(address.name, std::move(made), store_options{}));
  std::shared_ptr<detail::store_core> former;  // of another name with this hash; ends after the lock
  const std::scoped_lock lock(mutex_);
  if (const auto at = stores_.find(address.name_hash);
      at != stores_.end() && at->second->name() == address.name)
    return at->second;  // the program was faster
  if (opened_by_proxies_.size() >= most_opened_by_proxies &&
      !opened_by_proxies_.contains(address.name_hash)) {
    throw error(errc::out_of_memory,
                "store '" + address.name +
                    "' is not opened from its proxy: so many were that something is wrong; "
                    "open the stores that are meant");
  }
  former = std::exchange(opened_by_proxies_[address.name_hash], opened);
  changes.fetch_add(1, std::memory_order_release);
  return opened;
}

std::shared_ptr<detail::store_core> detail::find_store(const store_address& address) {
  auto found = registry::global().find_or_open(address);
  // A proxy made elsewhere says how to reach its maker.
  if (!address.uri.empty() && address.uri != found->address()->uri) found->introduce(address.uri);
  return found;
}

}  // namespace farhold
