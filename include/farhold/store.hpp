// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <farhold/connector.hpp>
#include <farhold/detail/store_core.hpp>
#include <farhold/proxy.hpp>

namespace farhold {

/// The user's interface: puts, gets and proxies objects through one connector.
///
/// Lifetime  Owns its connector. Move-only; a moved-from store may only be destroyed or assigned to. `close`
///           ends it, collectively where the transport is; a destructor that finds it open forgets it by
///           name and leaves what needs others' consent to the transport's own rule for forgotten closes.
/// Threads   All but `close`, moves and the destructor.
/// Errors    Throws `farhold::error`. After a failure the store is as it was before the call.
/// Progress  `get` and proxies progress what they wait for; the connector says what it needs of producers.
class store {
 public:
  /// Opens a store named `name` in this process. The name travels in proxies; a consumer's store has the
  /// same.
  store(std::string name, std::unique_ptr<connector> connector, const store_options& options = {});
  /// The same, with the connector that `uri` describes, such as "local://".
  static store open(std::string name, std::string_view uri, const store_options& options = {});

  store(store&&) noexcept = default;
  store& operator=(store&& other) noexcept;
  ~store();

  [[nodiscard]] const std::string& name() const noexcept { return core_->name(); }

  /// Stores `value` and returns its key.
  template <class T>
  key put(const T& value, const call_options& call = {}) {
    const reservation room = core_->reserve(detail::stored_bytes(value), call);
    return publish(value, room);
  }

  /// Brings the object of `object` as a T. Throws `stale`, `not_found`, `wrong_type` … .
  template <class T>
  [[nodiscard]] T get(const key& object, const call_options& call = {}) {
    const detail::target_ptr<T> made = detail::fetch<T>(*core_, object, call);
    if (made->use_count() == 1) return std::move(*made->object());
    if constexpr (detail::copyable<T>) {
      return *made->object();
    } else {
      throw error(errc::unsupported, "the object is in the cache and cannot be copied; use a proxy");
    }
  }

  [[nodiscard]] bool exists(const key& object, const call_options& call = {}) {
    return core_->exists(object, call);
  }
  /// Ends the object, for every process. Targets that were resolved before stay valid.
  void evict(const key& object, const call_options& call = {}) { core_->evict(object, call); }

  /// Stores `value` and returns a proxy of it. Small objects (`store_options::inline_bytes`) are put into
  /// the proxy itself.
  template <class T>
  [[nodiscard]] ::farhold::proxy<std::remove_cvref_t<T>> proxy(const T& value,
                                                               const call_options& call = {}) {
    const std::uint64_t size_bytes = detail::stored_bytes(value);
    const std::size_t limit = core_->options().inline_bytes;
    if (limit > 0 && size_bytes <= limit) return inlined(value, size_bytes);
    return proxy_from_key<T>(publish(value, core_->reserve(size_bytes, call)));
  }

  /// A proxy of an object that is stored already.
  template <class T>
  [[nodiscard]] ::farhold::proxy<T> proxy_from_key(const key& object) const {
    detail::require_type<T>(object);
    return ::farhold::proxy<T>(factory<T>(store_factory(core_->address(), object)));
  }

  [[nodiscard]] farhold::metrics metrics() const { return core_->snapshot(); }

  /// Ends the store. Collective where the connector is. Afterwards every call of it is `closed`, resolved
  /// proxies stay, and the others are `store_unknown` until a store of the same name is open.
  void close(const call_options& call = {});

 private:
  template <class T>
  key publish(const T& value, const reservation& room) {
    try {
      detail::store_bytes(value, room.memory);
    } catch (...) {
      core_->abandon(room);
      throw;
    }
    return core_->publish(room, detail::type_of<T>());
  }

  template <class T>
  ::farhold::proxy<T> inlined(const T& value, std::uint64_t size_bytes) const {
    std::vector<std::byte> payload(size_bytes);
    detail::store_bytes(value, payload);
    return ::farhold::proxy<T>(
        factory<T>(store_factory(core_->address(), key(detail::type_of<T>(), size_bytes, {}), payload)));
  }

  std::shared_ptr<detail::store_core> core_;
};

}  // namespace farhold
