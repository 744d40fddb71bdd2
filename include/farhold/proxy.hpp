// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <concepts>
#include <memory>
#include <ostream>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/serialization/split_member.hpp>

#include <farhold/detail/proxy_concepts.hpp>
#include <farhold/detail/proxy_state.hpp>
#include <farhold/detail/resolve_into.hpp>
#include <farhold/error.hpp>
#include <farhold/factory.hpp>
#include <farhold/named_factory.hpp>
#include <farhold/operation.hpp>

#if defined(__clang__)
#define FARHOLD_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define FARHOLD_LIFETIMEBOUND
#endif

namespace farhold {

/// Stands in for a T, read-only, and becomes it at first access.
///
/// A function that takes `const T&` takes a `proxy<T>`. The first access brings the object's bytes, once;
/// copies of a proxy share the object. What a const T offers beyond that is forwarded too, each where T has
/// it: range and subscript by the members below, operators and hash in proxy_operators.hpp. A template that
/// deduces its parameter takes the proxy itself; give it `*p`.
///
/// Lifetime  A handle of one pointer; the object lives as long as any copy of the proxy. References obtained
///           from a proxy must not outlive its last copy. A moved-from proxy is empty (`!valid()`).
/// Threads   Distinct copies may be used from distinct threads, and one proxy from many for reading;
///           concurrent first accesses make one transfer.
/// Errors    Every access may throw `farhold::error`. A failure is not sticky: the next access tries again.
/// Progress  A first access progresses what it waits for, up to its deadline.
template <class T>
class proxy {
  static_assert(std::is_object_v<T> && std::is_same_v<T, std::remove_cv_t<T>>,
                "farhold::proxy<T>: T is an object type without const; a proxy is read-only by itself");
  static_assert(!std::is_array_v<T>, "farhold::proxy<T>: use std::array or std::vector in place of an array");
  static_assert(!std::is_pointer_v<T>, "farhold::proxy<T>: a pointer means nothing in another process");
  static_assert(!detail::is_proxy<T>, "farhold::proxy<T>: T is a proxy already");
  static_assert(!detail::is_writable_span<T>,
                "farhold::proxy<std::span<E>>: others read the same memory, so a view is read-only; "
                "use std::span<const E>");
  static_assert(
      !detail::is_standard_view<T> || detail::is_pinned_view<T> || detail::is_writable_span<T>,
      "farhold::proxy<T>: a view (std::string_view, a span of fixed size) owns nothing that a proxy could "
      "resolve into; use a container, such as std::vector or std::string, or the view std::span<const E>");

 public:
  using target_type = T;

  /// An empty proxy: valid to copy, assign and destroy; every access throws `invalid_argument`.
  proxy() noexcept = default;
  explicit proxy(factory<T> make) : state_(new detail::proxy_state<T>(std::move(make)), false) {}

  /// False for an empty proxy. Never resolves.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  /// Whether the object is here already. Never resolves.
  [[nodiscard]] bool resolved() const noexcept { return state_ != nullptr && state_->resolved() != nullptr; }
  /// Brings the object now, within the call's deadline.
  const T& resolve(const call_options& call = {}) const FARHOLD_LIFETIMEBOUND {
    if (state_ != nullptr) [[likely]] {
      if (const T* const here = state_->resolved()) [[likely]] {
        if constexpr (detail::is_pinned_view<T>) state_->require_memory();
        return *here;
      }
    }
    return state().resolve(call);
  }

  /// Begins to bring the object, in the background. The proxy, or any copy of it, has it once the operation
  /// is over; who accesses it before waits for it, or brings it himself if that has not begun.
  operation resolve_async(const call_options& call = {}) const { return {state(), call}; }
  /// The same where nobody is interested in how it ends: a failure is met again, and told, at first access.
  void prefetch(const call_options& call = {}) const { detail::prefetch(state(), call); }

  operator const T&() const FARHOLD_LIFETIMEBOUND { return resolve(); }  // NOLINT: implicit is the point
  // A span can also be made of the proxy as a range. Without this one that is the better match for a proxy
  // that is not const, and GCC warns that it is (-Wconversion).
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator const T&() FARHOLD_LIFETIMEBOUND requires detail::is_pinned_view<T> { return resolve(); }
  const T& operator*() const& FARHOLD_LIFETIMEBOUND { return resolve(); }
  /// On a proxy about to die the object is returned by value, so that `for (double x : *recv())` is safe.
  T operator*() && { return std::move(*this).extract(); }
  T operator*() const&& {
    refuse_view();
    return resolve();
  }
  const T* operator->() const FARHOLD_LIFETIMEBOUND { return std::addressof(resolve()); }
  /// `if (p)` would ask a number for its value and everything else for nothing. Ask `valid()`, or `*p`.
  explicit operator bool() const requires(!std::same_as<T, bool>) = delete;

  /// The object by value, and the proxy empty. It is moved out if nobody else holds it, and copied if a copy
  /// of the proxy or a cache does; a move-only object that is shared is `unsupported`. After an error the
  /// proxy is as it was.
  [[nodiscard]] T extract(const call_options& call = {}) && {
    refuse_view();
    resolve(call);
    if (T* const mine = state_->unshared()) return release(std::move(*mine));
    if constexpr (detail::copyable<T>) {
      return release(std::as_const(*state_->resolved()));
    } else {
      throw error(errc::unsupported,
                  "the object is shared with other copies of the proxy or with a cache, and its " +
                      std::string(detail::spelled_name<T>()) +
                      " cannot be copied; extract from the only proxy");
    }
  }

  /// Brings the elements into memory of the caller's of just that size, such as a part of a larger field, and
  /// leaves the proxy as it is; if it is resolved, they are copied from its target. Throws
  /// `invalid_argument`, before anything moves, if the sizes differ. After another error the memory may hold
  /// anything.
  template <std::ranges::contiguous_range Range>
  void resolve_into(Range&& out, const call_options& call = {}) const {
    static_assert(
        detail::direct_range<T> &&
            std::same_as<std::ranges::range_reference_t<Range>, std::ranges::range_value_t<T>&>,
        "farhold: resolve_into takes contiguous, writable memory of the elements of the proxy's target");
    const auto bytes = std::as_writable_bytes(std::span(out));
    if (state().resolved() != nullptr) return detail::copy_into(resolve(), bytes);
    detail::resolve_into(state().origin(), bytes, call);
  }

  // As a const T has them. What would refer into the object of a dying proxy is deleted, or made a value.
  // `p[0]` hands an int to a T that takes a size, which at the call is a literal and here is not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
  template <class Index>
  requires requires(const T& t, const Index& i) { t[i]; }
  [[nodiscard]] decltype(auto) operator[](const Index& i) const& FARHOLD_LIFETIMEBOUND {
    return resolve()[i];
  }
  template <class Index>
  requires requires(const T& t, const Index& i) { t[i]; }
  [[nodiscard]] auto operator[](const Index& i) const&& { return resolve()[i]; }
#pragma GCC diagnostic pop
  template <class... Arguments>
  requires std::invocable<const T&, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) const& {
    return resolve()(std::forward<Arguments>(arguments)...);
  }
  template <class... Arguments>
  requires std::invocable<const T&, Arguments...>
  auto operator()(Arguments&&... arguments) const&& {
    return resolve()(std::forward<Arguments>(arguments)...);
  }

  // clang-format off
  [[nodiscard]] auto begin() const& FARHOLD_LIFETIMEBOUND requires detail::has_begin<T> { return resolve().begin(); }
  [[nodiscard]] auto end() const& FARHOLD_LIFETIMEBOUND requires detail::has_end<T> { return resolve().end(); }
  [[nodiscard]] auto cbegin() const& FARHOLD_LIFETIMEBOUND requires detail::has_begin<T> { return resolve().begin(); }
  [[nodiscard]] auto cend() const& FARHOLD_LIFETIMEBOUND requires detail::has_end<T> { return resolve().end(); }
  [[nodiscard]] auto data() const& FARHOLD_LIFETIMEBOUND requires detail::has_data<T> { return resolve().data(); }
  void begin() const&& requires detail::has_begin<T> = delete;
  void end() const&& requires detail::has_end<T> = delete;
  void cbegin() const&& requires detail::has_begin<T> = delete;
  void cend() const&& requires detail::has_end<T> = delete;
  void data() const&& requires detail::has_data<T> = delete;
  [[nodiscard]] auto size() const requires detail::has_size<T> { return resolve().size(); }
  [[nodiscard]] auto empty() const requires detail::has_empty<T> { return resolve().empty(); }
  // clang-format on

  /// The key of the object. Throws `unsupported` for a proxy that no store made.
  [[nodiscard]] const farhold::key& key() const { return travelling().object(); }
  /// Size of the stored representation, in bytes. Never resolves.
  [[nodiscard]] std::uint64_t size_bytes() const { return travelling().object().size_bytes(); }
  [[nodiscard]] farhold::type_id type() const { return travelling().object().type(); }

  /// The proxy as bytes, for any channel. Never resolves. Throws `unsupported` for a callable whose class has
  /// no name (see `register_factory`).
  [[nodiscard]] std::vector<std::byte> to_bytes(token_form form = token_form::portable) const {
    if (const std::function<T()>* const call = state().origin().callable()) {
      return detail::encode_named_factory(call->target_type(), call);
    }
    const store_factory& from = travelling();
    std::vector<std::byte> token(from.encoded_bytes(form));
    from.encode(form, token);
    return token;
  }
  /// The inverse. Throws `truncated`, `corrupt`, `wrong_type`, and `unsupported` for a factory without a name
  /// here.
  [[nodiscard]] static proxy from_bytes(byte_view token) {
    if (detail::is_named_factory(token)) {
      std::function<T()> call;
      detail::decode_named_factory(token, detail::type_of<T>(), typeid(T), &call);
      if constexpr (detail::is_pinned_view<T>) {
        throw error(errc::unsupported, "a registered factory makes no view; ask for a container");
      } else {
        return proxy(factory<T>(std::move(call)));
      }
    }
    return from_factory(store_factory::decode(token));
  }

  /// The proxy as URL-safe text of one word.
  [[nodiscard]] std::string to_string() const { return detail::token_text(to_bytes()); }
  [[nodiscard]] static proxy from_string(std::string_view token) {
    return from_bytes(detail::token_bytes(token));
  }

  // Boost.Serialization, and so Boost.MPI: a proxy travels as its text, which every archive can carry.
  BOOST_SERIALIZATION_SPLIT_MEMBER()
  template <class Archive>
  void save(Archive& archive, unsigned /*version*/) const {
    const std::string token = valid() ? to_string() : std::string();
    archive << boost::serialization::make_nvp("token", token);
  }
  template <class Archive>
  void load(Archive& archive, unsigned /*version*/) {
    std::string token;
    archive >> boost::serialization::make_nvp("token", token);
    *this = token.empty() ? proxy() : from_string(token);
  }

  /// For `resolve_all`: this proxy as one of many. Throws `invalid_argument` if it is empty.
  [[nodiscard]] detail::resolve_work work(const call_options& call) const {
    return {.what = &state(), .call = call};
  }

  void swap(proxy& other) noexcept { state_.swap(other.state_); }
  friend void swap(proxy& a, proxy& b) noexcept { a.swap(b); }

  /// What the proxy is, for messages: "proxy<std::vector<double>>(unresolved, 8000 bytes)". Never resolves.
  [[nodiscard]] friend std::string describe(const proxy& p) { return p.description(); }
  /// How GoogleTest prints it: a failed assertion must not start a transfer, and shows the object if it is
  /// here and can be printed.
  friend void PrintTo(const proxy& p, std::ostream* out) {
    *out << p.description();
    if constexpr (requires(const T& t) { *out << t; }) {
      if (p.resolved()) *out << ": " << *p;
    }
  }

 private:
  static constexpr void refuse_view() {
    static_assert(
        !detail::is_pinned_view<T>,
        "farhold: a view taken out of its proxy would dangle, because the proxy holds the pin; keep the "
        "proxy and use *p, or extract from a proxy of a container");
  }

  template <class Source>
  T release(Source&& object) {
    T mine(std::forward<Source>(object));
    state_.reset();
    return mine;
  }

  [[nodiscard]] std::string description() const {
    std::string text = "proxy<" + std::string(detail::spelled_name<T>()) + ">(";
    if (!valid()) return text + "empty)";
    text += resolved() ? "resolved" : "unresolved";
    if (const store_factory* const from = state_->origin().from_store()) {
      text += ", " + std::to_string(from->object().size_bytes()) + " bytes";
    }
    return text + ")";
  }

  detail::proxy_state<T>& state() const {
    if (state_ == nullptr) {
      throw error(errc::invalid_argument, "this proxy is empty: it was default-constructed or moved from");
    }
    return *state_;
  }

  const store_factory& travelling() const {
    const store_factory* const from = state().origin().from_store();
    if (from == nullptr) {
      throw error(
          errc::unsupported,
          "this proxy calls a plain function and has no object in a store; make it with store.proxy()");
    }
    return *from;
  }

  static proxy from_factory(store_factory from) {
    detail::require_type<T>(from.object());
    return proxy(factory<T>(std::move(from)));
  }

  boost::intrusive_ptr<detail::proxy_state<T>> state_;
};

}  // namespace farhold

#include <farhold/proxy_operators.hpp>
