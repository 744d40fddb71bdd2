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

  /// The store, as it is open in this process. Throws `store_unknown`.
  [[nodiscard]] std::shared_ptr<detail::store_core> open_store() const { return detail::find_store(*store_); }

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
    if (!inlined_) return detail::fetch<T>(*open_store(), object_, call);
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

namespace detail {
/// Tokens as URL-safe text and back.
std::string token_text(byte_view token);
std::vector<std::byte> token_bytes(std::string_view text);
}  // namespace detail

/// What a proxy calls to get its target: a `store_factory`, which can travel, or a callable, which can if its
/// class is registered (see named_factory.hpp).
template <class T>
class factory {
 public:
  template <class Function>
  requires std::same_as<std::invoke_result_t<Function&>, T> && std::copy_constructible<Function> &&
      (!std::same_as<std::remove_cvref_t<Function>, factory>)explicit factory(Function function)
      : how_(std::function<T()>(std::move(function))) {
    static_assert(
        !detail::is_pinned_view<T>,
        "farhold: a function that returns a view returns no pin with it; let it return a container");
  }
  explicit factory(store_factory from) : how_(std::move(from)), steps_(&steps_from_store) {}

  /// Makes the target, within the call's deadline if it comes from a store.
  [[nodiscard]] detail::target_ptr<T> make(const call_options& call) const {
    if (const auto* const from = std::get_if<store_factory>(&how_)) return steps_->fetch(*from, call);
    return detail::target_ptr<T>(new detail::value_target<T>(std::get<0>(how_)()));
  }

  /// Null for a callable.
  [[nodiscard]] const store_factory* from_store() const noexcept { return std::get_if<store_factory>(&how_); }
  /// Null for a store's object.
  [[nodiscard]] const std::function<T()>* callable() const noexcept { return std::get_if<0>(&how_); }

  // The steps of `make` for one who reads the bytes himself, together with others.
  [[nodiscard]] detail::target_ptr<T> prepare(detail::store_core& store) const {
    return steps_->prepare(store, from_store()->object());
  }
  void complete(detail::store_core& store, const detail::target_ptr<T>& landed) const {
    steps_->complete(store, from_store()->object(), landed);
  }

 private:
  // Behind a pointer, so that a T which only callables make need not be serializable.
  struct steps {
    detail::target_ptr<T> (*fetch)(const store_factory&, const call_options&);
    detail::target_ptr<T> (*prepare)(detail::store_core&, const key&);
    void (*complete)(detail::store_core&, const key&, const detail::target_ptr<T>&);
  };
  static detail::target_ptr<T> fetch_from(const store_factory& from, const call_options& call) {
    return from.template fetch<T>(call);
  }
  static constexpr steps steps_from_store{&fetch_from, &detail::prepare<T>, &detail::complete<T>};

  std::variant<std::function<T()>, store_factory> how_;
  const steps* steps_ = nullptr;
};

}  // namespace farhold
