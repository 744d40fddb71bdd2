// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <typeindex>
#include <utility>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/detail/common_oarchive.hpp>
#include <boost/archive/detail/oserializer.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>

#include <farhold/bytes.hpp>
#include <farhold/detail/archive_forms.hpp>
#include <farhold/error.hpp>
#include <farhold/type_id.hpp>

namespace farhold::detail {

/// An output archive of Boost.Serialization over memory that was measured before, by the same archive.
///
/// What the standard library has is written by this class, a user's class by its `serialize`.
///
/// Errors    `archive_exception` when the memory is too small, which means that the object changed in
/// between.
class archive_writer : public boost::archive::detail::common_oarchive<archive_writer> {
 public:
  /// Counts only, so that the arena is asked for the exact size and nothing is buffered.
  archive_writer() : common_oarchive(boost::archive::no_header), counting_(true) {}
  explicit archive_writer(byte_span out) : common_oarchive(boost::archive::no_header), out_(out) {}

  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

  void save_binary(const void* from, std::size_t count) {
    if (!counting_) {
      if (count > out_.size() - written_) {
        throw boost::archive::archive_exception(boost::archive::archive_exception::output_stream_error);
      }
      if (count != 0) std::memcpy(out_.data() + written_, from, count);
    }
    written_ += count;
  }
  /// What Boost calls for its own small types.
  template <class T>
  void save(const T& value) {
    static_assert(std::is_standard_layout_v<T> && std::is_trivially_destructible_v<T>,
                  "farhold: a primitive type travels as it lies");
    save_binary(&value, sizeof value);
  }

  /// Whether the object at `address` was written before, and its number.
  std::pair<bool, std::uint32_t> remember(const void* address, std::type_index type) {
    const auto next = static_cast<std::uint32_t>(objects_.size());
    const auto [at, fresh] = objects_.try_emplace({address, type}, next);
    return {!fresh, at->second};
  }

  template <class T>
  void save_override(const T& value) {
    constexpr archive_form form = form_of<std::remove_cv_t<T>>();
    if constexpr (form == archive_form::number || form == archive_form::primitive) {
      save(value);
    } else if constexpr (form == archive_form::pointer) {
      static_assert(form != archive_form::pointer,
                    "farhold: a raw pointer owns nothing and may lead anywhere, so that it is not archived; "
                    "use std::unique_ptr, std::shared_ptr or std::weak_ptr");
    } else if constexpr (form == archive_form::image) {
      save(layout_of<T>());
      save_binary(std::addressof(value), sizeof value);
    } else {
      const level deeper(*this);
      if constexpr (form == archive_form::boost) {
        common_oarchive::save_override(value);
      } else {
        put<form>(value);
      }
    }
  }
  void save_override(const boost::archive::class_id_optional_type&) {}
  void save_override(const boost::archive::class_name_type&) {}

 private:
  friend class boost::archive::detail::interface_oarchive<archive_writer>;
  friend class boost::archive::save_access;

  struct level {
    explicit level(archive_writer& a) : archive(a) {
      if (++archive.depth_ > max_archive_depth) {
        --archive.depth_;
        throw error(errc::invalid_argument,
                    "objects within objects to a depth of more than " + std::to_string(max_archive_depth) +
                        " are not stored, because reading them would exhaust a stack; store a list or tree "
                        "as a vector of its nodes");
      }
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --archive.depth_; }
    archive_writer& archive;
  };

  /// The low half of the type id: name, size, alignment and byte order of what lies there.
  template <class T>
  static constexpr std::uint32_t layout_of() {
    return static_cast<std::uint32_t>(make_type_id<T>("object").value);
  }

  void put_count(std::size_t count) { save(static_cast<std::uint64_t>(count)); }

  template <archive_form Form, class T>
  void put(const T& value) {
    if constexpr (Form == archive_form::custom) {
      put_custom(value);
    } else if constexpr (Form == archive_form::owner) {
      save_owner(*this, value);
    } else if constexpr (Form == archive_form::text) {
      put_count(value.size());
      save_binary(value.data(), value.size() * sizeof(typename T::value_type));
    } else if constexpr (Form == archive_form::path) {
      save_override(value.native());
    } else if constexpr (Form == archive_form::sequence) {
      put_sequence(value);
    } else if constexpr (Form == archive_form::set || Form == archive_form::map) {
      put_elements(value);
    } else if constexpr (Form == archive_form::adaptor) {
      save_override(opened<T>::container(value));
    } else if constexpr (Form == archive_form::product) {
      std::apply([this](const auto&... part) { (this->save_override(part), ...); }, value);
    } else if constexpr (Form == archive_form::optional) {
      save(static_cast<std::uint8_t>(value.has_value() ? 1 : 0));
      if (value) put_object(*value);
    } else if constexpr (Form == archive_form::variant) {
      if (value.valueless_by_exception()) {
        throw error(errc::invalid_argument, "a variant that lost its value cannot be stored");
      }
      save(static_cast<std::uint32_t>(value.index()));
      std::visit([this](const auto& alternative) { this->put_object(alternative); }, value);
    } else {
      static_assert(Form == archive_form::array);
      for (const auto& element : value) save_override(element);
    }
  }

  template <class T>
  void put_custom(const T& value) {
    const std::uint64_t size_bytes = serializer<T>::size_bytes(value);
    save(size_bytes);
    if (counting_) {
      written_ += size_bytes;
      return;
    }
    if (size_bytes > out_.size() - written_) {
      throw boost::archive::archive_exception(boost::archive::archive_exception::output_stream_error);
    }
    serializer<T>::write(value, out_.subspan(written_, size_bytes));
    written_ += size_bytes;
  }

  template <class T>
  void put_sequence(const T& sequence) {
    using element = typename T::value_type;
    if constexpr (std::ranges::contiguous_range<T> && copied_in_runs<element>) {
      put_count(sequence.size());
      if constexpr (form_of<element>() == archive_form::image) save(layout_of<element>());
      save_binary(sequence.data(), sequence.size() * sizeof(element));
    } else {
      put_elements(sequence);
    }
  }

  template <class T>
  void put_elements(const T& container) {
    put_count(container.size());
    for (auto&& element : container) {
      const std::uint64_t before = written_;
      if constexpr (form_of<T>() == archive_form::map) {
        put_object(element.first);
        put_object(element.second);
      } else {
        put_object(static_cast<const typename T::value_type&>(element));
      }
      if (written_ == before) {  // a reader could not bound their number
        throw error(errc::invalid_argument,
                    "elements that archive nothing cannot be stored; store their number in their place");
      }
    }
  }

 public:
  /// An object that the reader constructs: with what its class needs for that, if it says so to Boost.
  template <class T>
  void put_object(const T& value) {
    if constexpr (form_of<T>() == archive_form::boost) {
      boost::serialization::save_construct_data_adl(*this, std::addressof(value),
                                                    boost::serialization::version<T>::value);
    }
    save_override(value);
  }

 private:
  bool counting_ = false;
  unsigned depth_ = 0;
  byte_span out_;
  std::uint64_t written_ = 0;
  std::map<std::pair<const void*, std::type_index>, std::uint32_t> objects_;
};

}  // namespace farhold::detail
