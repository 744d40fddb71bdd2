// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/detail/common_iarchive.hpp>
#include <boost/archive/detail/iserializer.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>

#include <farhold/bytes.hpp>
#include <farhold/detail/archive_forms.hpp>
#include <farhold/error.hpp>
#include <farhold/type_id.hpp>

namespace farhold::detail {

struct pointed_class;

/// An object that several pointers of an archive may share.
struct shared_object {
  std::shared_ptr<void> owner;
  const pointed_class* actions = nullptr;
};

[[noreturn]] void throw_corrupt_archive(const std::string& what);

/// The input archive of what `archive_writer` wrote. The bytes are taken as hostile: whatever they are,
/// reading ends with a value of the type or an error, and allocates no more than what so many bytes may stand
/// for.
class archive_reader : public boost::archive::detail::common_iarchive<archive_reader> {
 public:
  explicit archive_reader(byte_view in) : common_iarchive(boost::archive::no_header), in_(in) {}

  [[nodiscard]] std::size_t left() const noexcept { return in_.size(); }

  void load_binary(void* to, std::size_t count) {
    const byte_view bytes = take_bytes(count);
    if (count != 0) std::memcpy(to, bytes.data(), count);
  }
  /// What Boost calls for its own small types.
  template <class T>
  void load(T& value) {  // NOLINT: no attempt at Boost's vload
    static_assert(std::is_standard_layout_v<T> && std::is_trivially_destructible_v<T>,
                  "farhold: a primitive type travels as it lies");
    load_binary(&value, sizeof value);
  }
  template <class T>
  requires std::is_arithmetic_v<T> T take_number() {
    T value{};
    load(value);
    return value;
  }

  /// A T that does not exist yet.
  template <class T>
  T take() {
    constexpr archive_form form = form_of<std::remove_cv_t<T>>();
    if constexpr (form == archive_form::image) {
      return take_image<T>();
    } else if constexpr (form == archive_form::custom) {
      return take_custom<T>();
    } else if constexpr (form == archive_form::boost) {
      constructed<T> object(*this);
      load_override(object.value);
      return std::move(object.value);
    } else {
      T value{};
      load_override(value);
      return value;
    }
  }

  std::vector<shared_object>& objects() noexcept { return objects_; }

  template <class T>
  void load_override(T& value) {
    constexpr archive_form form = form_of<std::remove_cv_t<T>>();
    if constexpr (std::is_same_v<T, bool>) {
      const auto number = take_number<std::uint8_t>();
      if (number > 1) throw_corrupt_archive("a truth value is neither true nor false");
      value = number == 1;
    } else if constexpr (std::is_same_v<T, boost::serialization::collection_size_type>) {
      load(value);  // by other containers than those of the standard library
      const std::size_t count = std::as_const(value);
      if (count > left()) throw_corrupt_archive("a container has more elements than there are bytes");
    } else if constexpr (form == archive_form::number || form == archive_form::primitive) {
      load(value);
    } else if constexpr (form == archive_form::pointer) {
      static_assert(form != archive_form::pointer,
                    "farhold: a raw pointer owns nothing and may lead anywhere, so that it is not archived; "
                    "use std::unique_ptr, std::shared_ptr or std::weak_ptr");
    } else if constexpr (form == archive_form::image) {
      // Assigned and not copied over, because a base class may share its last bytes with what derives from
      // it.
      if constexpr (std::is_copy_assignable_v<T>) {
        value = take_image<T>();
      } else {
        const T image = take_image<T>();
        std::memcpy(static_cast<void*>(std::addressof(value)), std::addressof(image), sizeof value);
      }
    } else {
      const level deeper(*this);
      if constexpr (form == archive_form::boost) {
        common_iarchive::load_override(value);
      } else {
        get<form>(value);
      }
    }
  }
  void load_override(boost::archive::class_id_optional_type&) {}
  void load_override(boost::archive::class_name_type&) {}

 private:
  friend class boost::archive::detail::interface_iarchive<archive_reader>;
  friend class boost::archive::load_access;

  struct level {
    explicit level(archive_reader& a) : archive(a) {
      if (++archive.depth_ > max_archive_depth) {
        --archive.depth_;
        throw_corrupt_archive("objects within objects have no end");
      }
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --archive.depth_; }
    archive_reader& archive;
  };

  /// An object made as its class told Boost.
  template <class T>
  struct constructed {
    explicit constructed(archive_reader& from) {
      boost::serialization::load_construct_data_adl(from, std::addressof(value),
                                                    boost::serialization::version<T>::value);
    }
    constructed(const constructed&) = delete;
    constructed& operator=(const constructed&) = delete;
    ~constructed() { value.~T(); }
    union {
      T value;
    };
  };

  byte_view take_bytes(std::size_t count) {
    if (count > in_.size()) throw_corrupt_archive("it ends too early");
    const byte_view taken = in_.first(count);
    in_ = in_.subspan(count);
    return taken;
  }

  /// Every element takes at least one byte, so that a larger number is a lie.
  std::size_t take_count() {
    const auto count = take_number<std::uint64_t>();
    if (count > left()) throw_corrupt_archive("a container has more elements than there are bytes");
    return count;
  }

  template <class T>
  void check_layout() {
    if (take_number<std::uint32_t>() != static_cast<std::uint32_t>(make_type_id<T>("object").value)) {
      throw error(errc::wrong_type,
                  "the stored archive has something else, or " + std::string(wire_name<T>()) +
                      " of another size, where this program has " + std::string(wire_name<T>()) +
                      "; build both sides with the same definition of it");
    }
  }

  template <class T>
  T take_image() {
    check_layout<T>();
    std::array<std::byte, sizeof(T)> bytes;
    load_binary(bytes.data(), bytes.size());
    check_image<T>(bytes);
    return std::bit_cast<T>(bytes);
  }

  template <class T>
  T take_custom() {
    return serializer<T>::read(take_bytes(take_number<std::uint64_t>()));
  }

  template <archive_form Form, class T>
  void get(T& value) {
    if constexpr (Form == archive_form::custom) {
      value = take_custom<T>();
    } else if constexpr (Form == archive_form::owner) {
      load_owner(*this, value);
    } else if constexpr (Form == archive_form::text) {
      get_text(value);
    } else if constexpr (Form == archive_form::path) {
      value = take<std::filesystem::path::string_type>();
    } else if constexpr (Form == archive_form::sequence) {
      get_sequence(value);
    } else if constexpr (Form == archive_form::set || Form == archive_form::map) {
      get_elements(value);
    } else if constexpr (Form == archive_form::adaptor) {
      load_override(opened<T>::container(value));
    } else if constexpr (Form == archive_form::product) {
      std::apply([this](auto&... part) { (this->load_override(part), ...); }, value);
    } else if constexpr (Form == archive_form::optional) {
      const auto engaged = take_number<std::uint8_t>();
      if (engaged > 1) throw_corrupt_archive("an optional neither has a value nor has none");
      value.reset();
      if (engaged == 1) value.emplace(take<typename T::value_type>());
    } else if constexpr (Form == archive_form::variant) {
      get_alternative(value, take_number<std::uint32_t>(),
                      std::make_index_sequence<std::variant_size_v<T>>());
    } else {
      static_assert(Form == archive_form::array);
      for (auto& element : value) load_override(element);
    }
  }

  template <class T>
  void get_text(T& text) {
    using character = typename T::value_type;
    const std::size_t count = take_count();
    if (count > left() / sizeof(character)) throw_corrupt_archive("a text is longer than the archive");
    text.resize(count);
    load_binary(text.data(), count * sizeof(character));
  }

  template <class T, std::size_t... Index>
  void get_alternative(T& value, std::uint32_t index, std::index_sequence<Index...>) {
    const bool known =
        ((Index == index &&
          (value.template emplace<Index>(take<std::variant_alternative_t<Index, T>>()), true)) ||
         ...);
    if (!known) throw_corrupt_archive("a variant has an alternative that its type does not have");
  }

  template <class T>
  void get_sequence(T& sequence) {
    using element = typename T::value_type;
    if constexpr (std::ranges::contiguous_range<T> && copied_in_runs<element>) {
      const std::size_t count = take_count();
      if constexpr (form_of<element>() == archive_form::image) check_layout<element>();
      if (count > left() / sizeof(element)) throw_corrupt_archive("a vector is longer than the archive");
      const byte_view bytes = take_bytes(count * sizeof(element));
      check_image<element>(bytes);
      if constexpr (std::is_default_constructible_v<element>) {
        sequence.resize(count);
        if (count != 0) std::memcpy(static_cast<void*>(sequence.data()), bytes.data(), bytes.size());
      } else {
        sequence.clear();
        for (std::size_t i = 0; i < count; ++i) {
          std::array<std::byte, sizeof(element)> one;
          std::memcpy(one.data(), bytes.data() + i * sizeof(element), sizeof(element));
          sequence.push_back(std::bit_cast<element>(one));
        }
      }
    } else {
      get_elements(sequence);
    }
  }

  template <class T>
  void get_elements(T& container) {
    container.clear();
    const std::size_t count = take_count();
    if constexpr (requires { container.reserve(count); } && form_of<T>() == archive_form::sequence) {
      // Elements may take fewer bytes here than in memory, but only those that come are paid for.
      container.reserve(std::min(count, left() / sizeof(typename T::value_type)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t before = left();
      if constexpr (form_of<T>() == archive_form::map) {
        auto name = take<typename T::key_type>();
        container.emplace_hint(container.end(), std::move(name), take<typename T::mapped_type>());
      } else if constexpr (form_of<T>() == archive_form::set) {
        container.emplace_hint(container.end(), take<typename T::value_type>());
      } else {
        container.push_back(take<typename T::value_type>());
      }
      if (left() == before) throw_corrupt_archive("an element takes no bytes");
    }
  }

  byte_view in_;
  unsigned depth_ = 0;
  std::vector<shared_object> objects_;
};

}  // namespace farhold::detail
