// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <array>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <ranges>
#include <set>
#include <stack>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <boost/serialization/level.hpp>
#include <boost/serialization/wrapper.hpp>

#include <farhold/bytes.hpp>
#include <farhold/detail/storable.hpp>
#include <farhold/error.hpp>

// How each type is written into an archive, and which types travel as they lie in memory.

namespace farhold {

template <class T>
struct serializer;
template <class T>
struct archive_serializer;

namespace detail {

template <class T>
concept custom_serialized = !requires {
  typename serializer<T>::unspecialised;
};

/// Types of the standard library some of whose bit patterns are no value, and lead astray whoever uses one.
/// They are taken apart and checked, although they could travel as they lie.
template <class T>
inline constexpr bool checked_in_parts = false;
template <class A>
inline constexpr bool checked_in_parts<std::optional<A>> = true;
template <class... A>
inline constexpr bool checked_in_parts<std::variant<A...>> = true;
template <class A, std::size_t Size>
inline constexpr bool checked_in_parts<std::array<A, Size>> = checked_in_parts<A>;

/// Bytes that mean the same in another process. Pointers do not, and types that show some are refused; a
/// class with constructors can hide them, and then only its author can tell.
template <class T>
concept plain_bytes =
    std::is_trivially_copyable_v<T> && !std::is_array_v<T> && !std::ranges::view<T> && !checked_in_parts<T>;

/// Truth values, whose bytes are 0 or 1 and nothing else. Structs can't be looked into.
template <class T>
inline constexpr bool made_of_bools = std::is_same_v<T, bool>;
template <class A, std::size_t Size>
inline constexpr bool made_of_bools<std::array<A, Size>> = made_of_bools<A>;

/// Throws `corrupt` if the image of one or many T has a byte that no T has.
template <class T>
void check_image(byte_view image) {
  if constexpr (made_of_bools<T>) {
    for (const std::byte b : image) {
      if (b > std::byte{1}) throw error(errc::corrupt, "a truth value is neither true nor false");
    }
  }
}

enum class archive_form {
  custom,     ///< by the user's serializer<T>
  number,     ///< arithmetic types and enumerations, as they lie; bool is checked
  pointer,    ///< raw: refused
  owner,      ///< unique_ptr, shared_ptr, weak_ptr
  text,       ///< basic_string
  path,       ///< std::filesystem::path
  sequence,   ///< vector, deque, list
  set,        ///< set, multiset and the unordered ones
  map,        ///< map, multimap and the unordered ones
  adaptor,    ///< stack, queue, priority_queue: the container within
  product,    ///< pair, tuple: part by part
  optional,   //
  variant,    //
  array,      ///< std::array and T[N]
  image,      ///< as it lies in memory
  primitive,  ///< what Boost passes around: versions, counts
  boost,      ///< everything else: by its `serialize`
};

template <class T>
inline constexpr archive_form standard_form = archive_form::boost;
template <class T>
inline constexpr archive_form standard_form<std::unique_ptr<T>> = archive_form::owner;
template <class T>
inline constexpr archive_form standard_form<std::shared_ptr<T>> = archive_form::owner;
template <class T>
inline constexpr archive_form standard_form<std::weak_ptr<T>> = archive_form::owner;
template <class C, class R, class A>
inline constexpr archive_form standard_form<std::basic_string<C, R, A>> = archive_form::text;
template <>
inline constexpr archive_form standard_form<std::filesystem::path> = archive_form::path;
template <class T, class A>
inline constexpr archive_form standard_form<std::vector<T, A>> = archive_form::sequence;
template <class T, class A>
inline constexpr archive_form standard_form<std::deque<T, A>> = archive_form::sequence;
template <class T, class A>
inline constexpr archive_form standard_form<std::list<T, A>> = archive_form::sequence;
template <class T, class C, class A>
inline constexpr archive_form standard_form<std::set<T, C, A>> = archive_form::set;
template <class T, class C, class A>
inline constexpr archive_form standard_form<std::multiset<T, C, A>> = archive_form::set;
template <class T, class H, class E, class A>
inline constexpr archive_form standard_form<std::unordered_set<T, H, E, A>> = archive_form::set;
template <class T, class H, class E, class A>
inline constexpr archive_form standard_form<std::unordered_multiset<T, H, E, A>> = archive_form::set;
template <class K, class T, class C, class A>
inline constexpr archive_form standard_form<std::map<K, T, C, A>> = archive_form::map;
template <class K, class T, class C, class A>
inline constexpr archive_form standard_form<std::multimap<K, T, C, A>> = archive_form::map;
template <class K, class T, class H, class E, class A>
inline constexpr archive_form standard_form<std::unordered_map<K, T, H, E, A>> = archive_form::map;
template <class K, class T, class H, class E, class A>
inline constexpr archive_form standard_form<std::unordered_multimap<K, T, H, E, A>> = archive_form::map;
template <class T, class C>
inline constexpr archive_form standard_form<std::stack<T, C>> = archive_form::adaptor;
template <class T, class C>
inline constexpr archive_form standard_form<std::queue<T, C>> = archive_form::adaptor;
template <class T, class C, class L>
inline constexpr archive_form standard_form<std::priority_queue<T, C, L>> = archive_form::adaptor;
template <class A, class B>
inline constexpr archive_form standard_form<std::pair<A, B>> = archive_form::product;
template <class... A>
inline constexpr archive_form standard_form<std::tuple<A...>> = archive_form::product;
template <class A, std::size_t Size>
inline constexpr archive_form standard_form<std::array<A, Size>> = archive_form::array;
template <class A>
inline constexpr archive_form standard_form<std::optional<A>> = archive_form::optional;
template <class... A>
inline constexpr archive_form standard_form<std::variant<A...>> = archive_form::variant;

/// The container of an adaptor, which is a protected member.
template <class Adaptor>
struct opened : Adaptor {
  static auto& container(Adaptor& adaptor) { return adaptor.*&opened::c; }
  static const auto& container(const Adaptor& adaptor) { return adaptor.*&opened::c; }
};

/// By its `serialize`, because the user said so: `serializer<T> : archive_serializer<T>`.
template <class T>
consteval bool archived_by_choice() {
  if constexpr (custom_serialized<T>) {
    return std::is_base_of_v<archive_serializer<T>, serializer<T>>;
  } else {
    return false;
  }
}

template <class T>
consteval archive_form form_of() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return archive_form::number;
  } else if constexpr (std::is_pointer_v<T>) {
    return archive_form::pointer;
  } else if constexpr (std::is_array_v<T>) {
    return archive_form::array;
  } else if constexpr (boost::serialization::is_wrapper<T>::type::value) {  // NOLINT: not the last branch
    return archive_form::boost;  // nvp and the like hold a pointer to what they wrap
  } else if constexpr (standard_form<T> == archive_form::boost &&
                       boost::serialization::implementation_level<T>::value ==
                           boost::serialization::primitive_type) {
    return archive_form::primitive;
  } else if constexpr (custom_serialized<T>) {
    return archived_by_choice<T>() ? archive_form::boost : archive_form::custom;
  } else if constexpr (standard_form<T> != archive_form::boost) {
    if constexpr (standard_form<T> == archive_form::array && plain_bytes<T>) {
      return has_pointer<T>() ? archive_form::array : archive_form::image;
    } else {
      return standard_form<T>;
    }
  } else if constexpr (plain_bytes<T>) {
    return has_pointer<T>() ? archive_form::boost : archive_form::image;
  } else {
    return archive_form::boost;
  }
}

/// Elements that are copied as one block. A bool is looked at one by one.
template <class T>
inline constexpr bool copied_in_runs =
    (form_of<T>() == archive_form::number && !std::is_same_v<T, bool>) || form_of<T>() == archive_form::image;

/// More levels of objects within objects than anybody nests and every stack bears.
inline constexpr unsigned max_archive_depth = 500;

}  // namespace detail
}  // namespace farhold
