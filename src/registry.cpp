// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/registry.hpp>

#include <mutex>

#include <farhold/detail/store_core.hpp>

#include "detail/builtin_schemes.hpp"
#include "detail/store_names.hpp"

namespace farhold {

registry::registry() { detail::add_builtin_schemes(*this); }

registry& registry::global() {
  static registry* const instance = new registry;  // never dies: proxies may resolve in other destructors
  return *instance;
}

void registry::add(const std::shared_ptr<detail::store_core>& store) {
  const std::scoped_lock lock(mutex_);
  const auto [at, added] = stores_.emplace(store->address()->name_hash, store);
  if (added) return;
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
  if (at != stores_.end() && at->second.get() == &store) stores_.erase(at);
}

std::shared_ptr<detail::store_core> registry::find(std::string_view name) const {
  auto found = find(detail::hash_store_name(name));
  return found != nullptr && found->name() == name ? found : nullptr;
}

std::shared_ptr<detail::store_core> registry::find(std::uint32_t name_hash) const {
  const std::shared_lock lock(mutex_);
  const auto at = stores_.find(name_hash);
  return at != stores_.end() ? at->second : nullptr;
}

std::vector<std::string> registry::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [hash, store] : stores_) all.push_back(store->name());
  return all;
}

void registry::add_scheme(std::string scheme, opener open) {
  const std::scoped_lock lock(mutex_);
  schemes_.insert_or_assign(std::move(scheme), std::move(open));
}

std::unique_ptr<connector> registry::open(std::string_view uri_text) const {
  uri address(uri_text);
  opener open;
  {
    const std::shared_lock lock(mutex_);
    if (const auto at = schemes_.find(address.scheme()); at != schemes_.end()) open = at->second;
    if (!open) {
      std::string known;
      for (const auto& [scheme, ignored] : schemes_) known += (known.empty() ? "" : ", ") + scheme + "://";
      throw error(errc::invalid_argument,
                  "no connector opens '" + std::string(uri_text) + "'; known schemes are " + known);
    }
  }
  std::unique_ptr<connector> made = open(address);
  address.finish();
  return made;
}

detail::store_address_ptr detail::store_address_by_hash(std::uint32_t name_hash) {
  if (const auto open = registry::global().find(name_hash)) return open->address();
  return std::make_shared<const store_address>(store_address{{}, {}, name_hash});
}

void detail::count_inlined(const store_address& address, std::uint64_t bytes) noexcept {
  if (const auto open = registry::global().find(address.name_hash)) open->count_inlined(bytes);
}

std::shared_ptr<detail::store_core> detail::find_store(const store_address& address) {
  const std::string& name = address.name;
  auto found = name.empty() ? registry::global().find(address.name_hash) : registry::global().find(name);
  if (found != nullptr) return found;
  std::string open;
  for (const std::string& other : registry::global().names())
    open += (open.empty() ? "'" : ", '") + other + "'";
  throw error(errc::store_unknown, (name.empty() ? "the store of this proxy is not open in this process"
                                                 : "no store named '" + name + "' is open in this process") +
                                       (open.empty() ? " (none is)" : " (open are " + open + ")") +
                                       "; open it under the producer's name before the proxy is used" +
                                       (address.uri.empty() ? "" : ", its URI is '" + address.uri + "'"));
}

}  // namespace farhold
