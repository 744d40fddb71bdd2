// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <farhold/bytes.hpp>
#include <farhold/call_options.hpp>
#include <farhold/detail/fetch.hpp>
#include <farhold/detail/store_address.hpp>
#include <farhold/key.hpp>

namespace farhold {

/// How much a serialized proxy says.
enum class token_form : std::uint8_t {
  portable,  ///< store name and URI included: anybody can be told what to open (≤ 256 bytes)
  compact,   ///< for processes that have the same store open, such as the ranks of one MPI job (≤ 64 bytes)
};

/// Where a proxy's object is: a store, and a key in it; or the object's own bytes, if they are few.
///
/// This is all of a proxy that travels.
///
/// Lifetime  A value. Holds no connection; the store is looked up by name at each fetch.
/// Threads   As an int.
/// Errors    Decoding takes its input as hostile: `truncated`, `corrupt`, `unsupported` (another version).
class store_factory {
 public:
  store_factory(detail::store_address_ptr store, const key& object);
  /// An inline object: `payload` travels with the proxy.
  store_factory(detail::store_address_ptr store, const key& object, byte_view payload);

  [[nodiscard]] const key& object() const noexcept { return object_; }
  [[nodiscard]] bool inlined() const noexcept { return inlined_; }
  [[nodiscard]] byte_view payload() const noexcept { return payload_; }
  /// Name of the store; empty after decoding a compact token of a store that is not open here.
  [[nodiscard]] const std::string& store_name() const noexcept { return store_->name; }
  [[nodiscard]] const std::string& uri() const noexcept { return store_->uri; }
  [[nodiscard]] std::uint32_t name_hash() const noexcept { return store_->name_hash; }

  [[nodiscard]] std::size_t encoded_bytes(token_form form) const;
  /// Writes the token into `out`, which has `encoded_bytes(form)` bytes.
  void encode(token_form form, byte_span out) const;
  static store_factory decode(byte_view token);

  /// URL-safe text (RFC 4648 section 5, no padding) of the same bytes. Every token starts with "fhol".
  [[nodiscard]] std::string to_text() const;
  static store_factory from_text(std::string_view token);

  /// Brings the object's bytes. Throws what the store throws, and `store_unknown`.
  template <class T>
  [[nodiscard]] detail::target_ptr<T> fetch(const call_options& call) const {
    if (!inlined_) return detail::fetch<T>(*detail::find_store(*store_), object_, call);
    detail::require_type<T>(object_);
    detail::target_ptr<T> made = detail::make_target<T>();
    if (!made->fill(payload_).ok()) throw error(errc::out_of_memory, "no memory for an inline object");
    made->finish(payload_.size());
    detail::count_inlined(*store_, payload_.size());
    return made;
  }

 private:
  detail::store_address_ptr store_;
  key object_;
  bool inlined_ = false;
  std::vector<std::byte> payload_;
};

/// What a proxy calls to get its target: a plain callable, or a `store_factory`, which can travel.
template <class T>
class factory {
 public:
  template <class Function>
  requires std::same_as<std::invoke_result_t<Function&>, T> && std::copy_constructible<Function> &&
      (!std::same_as<std::remove_cvref_t<Function>, factory>)explicit factory(Function function)
      : how_(std::function<T()>(std::move(function))) {}
  explicit factory(store_factory from) : how_(std::move(from)), fetch_(&fetch_from) {}

  /// Makes the target, within the call's deadline if it comes from a store.
  [[nodiscard]] detail::target_ptr<T> make(const call_options& call) const {
    if (const auto* const from = std::get_if<store_factory>(&how_)) return fetch_(*from, call);
    return detail::target_ptr<T>(new detail::value_target<T>(std::get<0>(how_)()));
  }

  /// Null for a plain callable.
  [[nodiscard]] const store_factory* from_store() const noexcept { return std::get_if<store_factory>(&how_); }

 private:
  static detail::target_ptr<T> fetch_from(const store_factory& from, const call_options& call) {
    return from.template fetch<T>(call);
  }

  std::variant<std::function<T()>, store_factory> how_;
  // A pointer, so that a T which only callables make need not be serializable.
  detail::target_ptr<T> (*fetch_)(const store_factory&, const call_options&) = nullptr;
};

}  // namespace farhold
