// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace farhold {

/// Identifies what the bytes of an object mean: the wire type of its elements, their layout and byte
/// order, not the container. Equal on both sides of a proxy, or the resolve is `wrong_type`.
struct type_id {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const type_id&, const type_id&) = default;
};

/// Specialise to give a class a name that does not depend on the compiler's spelling or on its namespace:
/// `template <> inline constexpr std::string_view farhold::type_name<particle> = "particle/2";`
template <class T>
inline constexpr std::string_view type_name = {};

/// A readable description of a type id: its name if this program uses that type, else its number.
std::string describe(type_id type);

namespace detail {

constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325ULL) noexcept {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

/// The compiler's spelling of T. GCC and clang agree on it for named types, up to a prefix and a suffix.
template <class T>
constexpr std::string_view spelled_name() noexcept {
  const std::string_view text = __PRETTY_FUNCTION__;
  const auto from = text.find("T = ") + 4;
  // GCC appends the aliases that the signature used: "; std::string_view = …". Both end in "]", and so may T.
  const auto aliases = text.find("; std::string_view = ", from);
  const auto to = aliases != std::string_view::npos ? aliases : text.rfind(']');
  return text.substr(from, to - from);
}

/// The name of an element on the wire. Arithmetic types are named by kind and width, so that `long` and
/// `long long` are one type where they are one format.
template <class T>
constexpr std::string_view wire_name() noexcept {
  if constexpr (!type_name<T>.empty()) {
    return type_name<T>;
  } else if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_same_v<T, char>) {
    return "char";
  } else if constexpr (std::is_integral_v<T>) {
    constexpr std::string_view names[2][4] = {{"u8", "u16", "u32", "u64"}, {"i8", "i16", "i32", "i64"}};
    constexpr int width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return names[std::is_signed_v<T> ? 1 : 0][width];
  } else if constexpr (std::is_same_v<T, float>) {
    return "f32";
  } else if constexpr (std::is_same_v<T, double>) {
    return "f64";
  } else if constexpr (std::is_same_v<T, std::byte>) {
    return "byte";
  } else {
    return spelled_name<T>();
  }
}

/// Memory is had from it, and how is nobody's business elsewhere: a `pmr::map` is stored as a `map` is.
template <class T>
concept an_allocator = requires(T& t) {
  typename T::value_type;
  t.allocate(std::size_t{1});
};

template <class T>
constexpr std::uint64_t hash_type(std::uint64_t hash) noexcept;

/// What a type is called, where compilers agree on it: "long int" and "long" are one type, and a standard
/// library's inline namespaces are not part of a name.
template <class T>
struct wire_identity {
  static constexpr std::uint64_t hash(std::uint64_t before) noexcept { return fnv1a(wire_name<T>(), before); }
};
template <template <class...> class Template, class... Arguments>
requires(type_name<Template<Arguments...>>.empty()) struct wire_identity<Template<Arguments...>> {
  static constexpr std::uint64_t hash(std::uint64_t before) noexcept {
    std::uint64_t hash = hash_name(before);
    ((hash = an_allocator<Arguments> ? hash : hash_type<Arguments>(fnv1a(",", hash))), ...);
    return fnv1a(">", hash);
  }

 private:
  /// The template's own name, without its arguments.
  static constexpr std::uint64_t hash_name(std::uint64_t before) noexcept {
    std::string_view name = spelled_name<Template<Arguments...>>();
    int depth = 0;
    for (std::size_t at = name.size(); at-- > 0;) {
      depth += name[at] == '>' ? 1 : name[at] == '<' ? -1 : 0;
      if (name[at] == '<' && depth == 0) {
        name = name.substr(0, at);
        break;
      }
    }
    constexpr std::string_view with_inline_namespace =
        "std::__cxx11::";  // where GCC says it and clang does not
    if (!name.starts_with(with_inline_namespace)) return fnv1a(name, before);
    return fnv1a(name.substr(with_inline_namespace.size()), fnv1a("std::", before));
  }
};
template <class Element, std::size_t Size>
struct wire_identity<std::array<Element, Size>> {
  static constexpr std::uint64_t hash(std::uint64_t before) noexcept {
    return (hash_type<Element>(fnv1a("array,", before)) ^ Size) * 0x100000001b3ULL;
  }
};

template <class T>
constexpr std::uint64_t hash_type(std::uint64_t hash) noexcept {
  return wire_identity<T>::hash(hash);
}

/// `form` says how the bytes are laid out: one object, a run of elements, an archive.
template <class T>
constexpr type_id make_type_id(std::string_view form) noexcept {
  std::uint64_t hash = hash_type<T>(fnv1a(form));
  // Numbers travel in the byte order of their producer, which is part of the type: another order is another
  // type.
  if (std::endian::native != std::endian::little) hash = fnv1a("big-endian", hash);
  if (form != "archive") {  // layout counts where memory images travel
    hash = (hash ^ sizeof(T)) * 0x100000001b3ULL;
    hash = (hash ^ alignof(T)) * 0x100000001b3ULL;
  }
  return {hash};
}

/// Remembers the name of a type this program uses, for `describe`.
void remember_type(type_id type, std::string_view form, std::string_view name);

}  // namespace detail
}  // namespace farhold
