// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <memory_resource>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <farhold/connector.hpp>
#include <farhold/detail/adopt.hpp>
#include <farhold/detail/store_core.hpp>
#include <farhold/lifetime.hpp>
#include <farhold/loan.hpp>
#include <farhold/proxy.hpp>
#include <farhold/resolve_all.hpp>

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
  static constexpr std::string_view default_uri = "shm://";

  /// Opens a store named `name` in this process. The name travels in proxies; a consumer's store has the
  /// same.
  store(std::string name, std::unique_ptr<connector> connector, const store_options& options = {});
  /// The same, for processes of one host that need not know each other (`default_uri`).
  explicit store(std::string name, const store_options& options = {});
  /// The same, with the connector that `uri` describes, such as "local://".
  static store open(std::string name, std::string_view uri, const store_options& options = {});

  store(store&&) noexcept = default;
  store& operator=(store&& other) noexcept;
  ~store();

  [[nodiscard]] const std::string& name() const noexcept { return core_->name(); }

  /// Stores `value` and returns its key.
  template <class T>
  key put(const T& value, const put_options& options = {}) {
    return write(value, detail::stored_bytes(value), options);
  }
  /// The same of a container of plain elements that is no longer needed: its memory is published where it
  /// lies, if the connector can do that and it is large (`store_options::adopt_bytes`) or was born there.
  /// After an error the container is as it was.
  template <detail::adoptable T>
  key put(T&& container, const put_options& options = {}) {
    const std::uint64_t size_bytes = detail::stored_bytes(container);
    const bool small =
        size_bytes <= core_->options().inline_bytes ||
        (size_bytes < core_->options().adopt_bytes && !detail::born_in(container, core_->memory()));
    // What is wished for beyond the ordinary is given to what the connector has written itself.
    const bool special = options.lifetime.reads() || options.durable || !options.tag.empty();
    if (small || special) return write(std::as_const(container), size_bytes, options);
    detail::end_note end(options.lifetime, core_);
    key made;
    if (!detail::adopt(*core_, container, made)) return write(std::as_const(container), size_bytes, options);
    end.object_is(made);
    return made;
  }

  /// Brings the object of `object` as a T. Throws `stale`, `not_found`, `wrong_type` … .
  template <class T>
  [[nodiscard]] T get(const key& object, const call_options& call = {}) {
    static_assert(!detail::is_pinned_view<T>,
                  "farhold: store.get returns a value, and a view would come without its pin; "
                  "use store.proxy_from_key<std::span<const E>>(key)");
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
  /// the proxy itself, unless their lifetime is to end.
  template <class T>
  [[nodiscard]] ::farhold::proxy<T> proxy(const T& value, const put_options& options = {}) {
    const std::uint64_t size_bytes = detail::stored_bytes(value);
    if (inlines(size_bytes, options)) return inlined(value, size_bytes);
    return proxy_from_key<T>(write(value, size_bytes, options));
  }
  template <detail::adoptable T>
  [[nodiscard]] ::farhold::proxy<T> proxy(T&& container, const put_options& options = {}) {
    const std::uint64_t size_bytes = detail::stored_bytes(container);
    if (inlines(size_bytes, options)) return inlined(std::as_const(container), size_bytes);
    return proxy_from_key<T>(put(std::forward<T>(container), options));
  }

  /// Publishes memory of the caller's, such as a `std::span` or a vector that stays, where it lies and for a
  /// time: until the loan is retracted.
  template <std::ranges::contiguous_range Range>
  auto lend(Range&& memory, const call_options& call = {}) {
    static_assert(std::ranges::borrowed_range<Range>,
                  "farhold: a temporary would be gone before the loan; lend a variable or a span");
    return lend_elements(std::span<const std::ranges::range_value_t<Range>>(memory), call);
  }

  /// Where containers put their memory so that `std::move` of them publishes it without a copy on every path:
  ///
  ///     std::pmr::vector<double> field(n, store.memory_resource());
  ///
  /// The default resource if the connector has none of its own. A container that was not moved into the store
  /// must end before the store.
  [[nodiscard]] std::pmr::memory_resource* memory_resource() const noexcept {
    std::pmr::memory_resource* const own = core_->memory();
    return own != nullptr ? own : std::pmr::get_default_resource();
  }

  /// A proxy of an object that is stored already.
  template <class T>
  [[nodiscard]] ::farhold::proxy<T> proxy_from_key(const key& object) const {
    detail::require_type<T>(object);
    return ::farhold::proxy<T>(factory<T>(store_factory(core_->address_of(object), object)));
  }

  // Many objects at once. Transfers of a batch overlap, and room for it is found in one step.

  /// Stores each element of a range. All are stored, or none.
  template <std::ranges::forward_range Values>
  [[nodiscard]] std::vector<key> put_batch(const Values& values, const put_options& options = {}) {
    std::vector<const std::ranges::range_value_t<Values>*> all;
    for (const auto& value : values) all.push_back(std::addressof(value));
    return put_each(std::span(std::as_const(all)), options);
  }

  /// The objects of the keys, in their order. All are tried, then the first error is thrown.
  template <class T>
  [[nodiscard]] std::vector<T> get_batch(std::span<const key> objects, const call_options& call = {}) {
    std::vector<::farhold::proxy<T>> proxies;
    proxies.reserve(objects.size());
    for (const key& object : objects) proxies.push_back(proxy_from_key<T>(object));
    resolve_all(proxies, call);
    std::vector<T> made;
    made.reserve(objects.size());
    for (auto& p : proxies) made.push_back(std::move(p).extract());
    return made;
  }

  [[nodiscard]] std::vector<bool> exists_batch(std::span<const key> objects, const call_options& call = {}) {
    return core_->exists_batch(objects, call);
  }
  /// Ends all that can be ended, then throws the first error.
  void evict_batch(std::span<const key> objects, const call_options& call = {}) {
    core_->evict_batch(objects, call);
  }

  /// Stores each element of a range and returns its proxy; small ones are put into their proxies.
  template <std::ranges::forward_range Values>
  [[nodiscard]] auto proxy_batch(const Values& values, const put_options& options = {}) {
    using T = std::ranges::range_value_t<Values>;  // NOLINT(readability-identifier-naming): a T as in all
    std::vector<const T*> stored;
    std::vector<::farhold::proxy<T>> proxies;
    for (const T& value : values) {
      const std::uint64_t size_bytes = detail::stored_bytes(value);
      const bool small = inlines(size_bytes, options);
      if (!small) stored.push_back(std::addressof(value));
      proxies.push_back(small ? inlined(value, size_bytes) : ::farhold::proxy<T>());
    }
    const std::vector<key> keys = put_each(std::span(std::as_const(stored)), options);
    auto next = keys.begin();
    for (auto& p : proxies) {
      if (!p.valid()) p = proxy_from_key<T>(*next++);
    }
    return proxies;
  }

  [[nodiscard]] farhold::metrics metrics() const { return core_->snapshot(); }

  /// Ends the store. Collective where the connector is. Afterwards every call of it is `closed`, resolved
  /// proxies stay, and the others are `store_unknown` until a store of the same name is open, by the program
  /// or from the URI in a proxy that comes from another process.
  void close(const call_options& call = {});

 private:
  [[nodiscard]] bool inlines(std::uint64_t size_bytes, const put_options& options) const noexcept {
    const std::size_t limit = core_->options().inline_bytes;
    return limit > 0 && size_bytes <= limit && options.lifetime.is_explicit() && !options.durable;
  }

  template <class T>
  std::vector<key> put_each(std::span<const T* const> values, const put_options& options) {
    std::vector<std::uint64_t> sizes_bytes;
    sizes_bytes.reserve(values.size());
    for (const T* const value : values) sizes_bytes.push_back(detail::stored_bytes(*value));
    std::vector<detail::end_note> ends;
    for (std::size_t i = 0; i < values.size(); ++i) ends.emplace_back(options.lifetime, core_);
    const std::vector<reservation> rooms =
        core_->reserve_batch(sizes_bytes, {.timeout = options.timeout, .stop = options.stop},
                             core_->hints(options, detail::type_of<T>()));
    try {
      for (std::size_t i = 0; i < rooms.size(); ++i) detail::store_bytes(*values[i], rooms[i].memory);
    } catch (...) {
      for (const reservation& room : rooms) core_->abandon(room);
      throw;
    }
    std::vector<key> keys = core_->publish_batch(rooms, detail::type_of<T>());
    for (std::size_t i = 0; i < keys.size(); ++i) ends[i].object_is(keys[i]);
    return keys;
  }

  template <class T>
  key write(const T& value, std::uint64_t size_bytes, const put_options& options) {
    detail::end_note end(options.lifetime, core_);
    const key made =
        publish(value, core_->reserve(size_bytes, {.timeout = options.timeout, .stop = options.stop},
                                      core_->hints(options, detail::type_of<T>())));
    end.object_is(made);
    return made;
  }

  template <class E>
  loan<E> lend_elements(std::span<const E> memory, const call_options& call) {
    static_assert(
        detail::plain_bytes<E>,
        "farhold: lent memory is read as it lies, so its elements are trivially copyable; store others");
    detail::untyped_loan made;
    const std::uint64_t size_bytes = detail::stored_bytes(memory);
    if (!made.lend(core_, std::as_bytes(memory), detail::type_of<std::span<const E>>())) {
      made.copied(core_, write(memory, size_bytes, {.timeout = call.timeout, .stop = call.stop}));
    }
    return loan<E>(std::move(made));
  }

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
