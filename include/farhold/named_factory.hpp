// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <vector>

#include <farhold/bytes.hpp>
#include <farhold/detail/target.hpp>
#include <farhold/error.hpp>
#include <farhold/serializer.hpp>

namespace farhold {

namespace detail {

/// What is known of a registered class of callables. `function` is a `std::function` that holds one.
struct named_factory {
  std::string name;
  std::type_index callable;
  std::type_index result;
  type_id callable_type;
  type_id result_type;
  std::uint64_t (*size_bytes)(const void* function);
  void (*write)(const void* function, byte_span out);
  void (*read)(byte_view state, void* function);
};

void register_named_factory(named_factory made);
/// The token of a proxy that calls what `function` holds. Throws `unsupported` if that has no name.
std::vector<std::byte> encode_named_factory(std::type_index callable, const void* function);
/// Whether these bytes begin as such a token.
bool is_named_factory(byte_view token) noexcept;
/// Puts into `function`, which returns a `result`, the callable of such a token.
void decode_named_factory(byte_view token, type_id wanted, std::type_index result, void* function);

template <class F>
struct named_callable {
  using result = std::invoke_result_t<const F&>;
  using function = std::function<result()>;

  static const F& in(const void* held) { return *static_cast<const function*>(held)->template target<F>(); }
  static std::uint64_t size_bytes(const void* held) { return stored_bytes(in(held)); }
  static void write(const void* held, byte_span out) { store_bytes(in(held), out); }
  static void read(byte_view state, void* held) {
    const target_ptr<F> made = make_target<F>();
    if (!made->fill(state).ok()) throw error(errc::corrupt, "its state has not the size of its class");
    made->finish(state.size());
    *static_cast<function*>(held) = std::move(*made->object());
  }
};

}  // namespace detail

/// Gives F a name in this process, so that proxies whose target an F makes can travel:
///
///     struct load_mesh {
///       std::string path;
///       mesh operator()() const;                                      // where the proxy is touched first
///       template <class A> void serialize(A& a, unsigned) { a & path; }
///     };
///     farhold::register_factory<load_mesh>("load_mesh/1");            // in the producer and in every
///     consumer farhold::proxy<mesh> p(farhold::factory<mesh>(load_mesh{"wing.h5"}));
///
/// What travels is the name, the types of F and its result, and F itself as any object is stored. The name is
/// a promise that F means the same everywhere: another meaning is another name, such as "load_mesh/2".
///
/// Lifetime  Stays registered until the process ends.
/// Threads   All.
/// Errors    `invalid_argument` if the name, of 1 to 255 bytes, or F is registered otherwise. To repeat a
///           registration is no error.
template <class F>
void register_factory(std::string_view name) {
  static_assert(std::is_same_v<F, std::remove_cvref_t<F>> && std::is_invocable_v<const F&>,
                "farhold::register_factory<F>: F is a class with T operator()() const");
  using made = detail::named_callable<F>;
  static_assert(std::is_object_v<typename made::result> && std::is_copy_constructible_v<F>,
                "farhold::register_factory<F>: F can be copied, and returns an object by value");
  detail::register_named_factory({std::string(name), typeid(F), typeid(typename made::result),
                                  detail::type_of<F>(), detail::type_of<typename made::result>(),
                                  &made::size_bytes, &made::write, &made::read});
}

}  // namespace farhold
