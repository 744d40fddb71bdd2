// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <typeinfo>

#include <boost/archive/detail/register_archive.hpp>
#include <boost/serialization/access.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/extended_type_info.hpp>
#include <boost/serialization/singleton.hpp>
#include <boost/serialization/type_info_implementation.hpp>
#include <boost/serialization/void_cast.hpp>

#include <farhold/detail/archive_reader.hpp>
#include <farhold/detail/archive_writer.hpp>

// unique_ptr, shared_ptr and weak_ptr in archives.
//
// Not as Boost does it: there a number in the archive may make a pointer of one class lead to an object of
// another, or give one object two owners. Here each object is written once, by its owner, with the name of
// its class if that is not the pointer's; other shared pointers to it are its number, and are checked against
// its class.

namespace farhold::detail {

using class_info = boost::serialization::extended_type_info;

template <class T>
const class_info& info_of() {
  return boost::serialization::singleton<
      typename boost::serialization::type_info_implementation<T>::type>::get_const_instance();
}

/// What archives do with objects of one class that they meet behind pointers.
struct pointed_class {
  const class_info& (*info)();
  void (*save)(archive_writer&, const void* object);
  void* (*construct)(archive_reader&);
  void (*load)(archive_reader&, void* object);
  void (*destroy)(void* object);
  /// Through the class's own shared_ptr, so that `shared_from_this` works.
  std::shared_ptr<void> (*share)(void* object);
};

template <class T>
struct pointed {
  /// Its `serialize` fills an object that exists, so that what lies within may point back to it.
  static constexpr bool filled = form_of<T>() == archive_form::boost;

  static void save(archive_writer& archive, const void* object) {
    archive.put_object(*static_cast<const T*>(object));
  }
  static void* construct(archive_reader& archive) {
    if constexpr (filled) {
      auto memory = [] {
        if constexpr (requires { T::operator new(sizeof(T)); }) {
          return std::unique_ptr<void, void (*)(void*)>(T::operator new(sizeof(T)),
                                                        [](void* unused) { T::operator delete(unused); });
        } else {
          return std::unique_ptr<void, void (*)(void*)>(std::allocator<T>().allocate(1), [](void* unused) {
            std::allocator<T>().deallocate(static_cast<T*>(unused), 1);
          });
        }
      }();
      boost::serialization::load_construct_data_adl(archive, static_cast<T*>(memory.get()),
                                                    boost::serialization::version<T>::value);
      return memory.release();
    } else {
      return new T(archive.take<T>());
    }
  }
  static void load([[maybe_unused]] archive_reader& archive, [[maybe_unused]] void* object) {
    if constexpr (filled) archive.load_override(*static_cast<T*>(object));
  }
  static void destroy(void* object) { delete static_cast<T*>(object); }
  static std::shared_ptr<void> share(void* object) { return std::shared_ptr<T>(static_cast<T*>(object)); }
};

template <class T>
inline constexpr pointed_class pointed_class_of = {
    &info_of<T>,       &pointed<T>::save,    &pointed<T>::construct,
    &pointed<T>::load, &pointed<T>::destroy, &pointed<T>::share};

/// A class that BOOST_CLASS_EXPORT named, for as long as the code that did so is loaded.
///
/// Threads   All.
class exported_class {
 public:
  exported_class(const std::type_info& type, const char* name, const pointed_class& actions);
  exported_class(const exported_class&) = delete;
  exported_class& operator=(const exported_class&) = delete;
  ~exported_class();

  /// The exported class of that type or name. Throws `unsupported` if there is none.
  static const exported_class& of(std::type_index type);
  static const exported_class& named(const std::string& name);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const pointed_class& actions() const noexcept { return *actions_; }

 private:
  std::type_index type_;
  std::string name_;
  const pointed_class* actions_;
};

/// The object as the base class U, or null if it does not derive from U as far as its `serialize` tells.
template <class U>
U* as_base(const pointed_class& actions, void* object) {
  return static_cast<U*>(
      const_cast<void*>(boost::serialization::void_upcast(actions.info(), info_of<U>(), object)));
}

enum class pointer_kind : std::uint8_t {
  null,
  own_class,  ///< then the object
  derived,    ///< then the name of its class, then the object
  known,      ///< then the number of the object, shared ones counted from 0
};

[[noreturn]] void throw_unrelated(const std::string& derived, std::string_view base);

/// `Shared`: several pointers may lead to the object.
template <bool Shared, class T>
void save_pointed(archive_writer& archive, const T* object) {
  if (object == nullptr) return archive.save(pointer_kind::null);
  const void* address = object;
  std::type_index type = typeid(T);
  if constexpr (std::is_polymorphic_v<T>) {
    address = dynamic_cast<const void*>(object);
    type = typeid(*object);
  }
  if constexpr (Shared) {
    const auto [known, number] = archive.remember(address, type);
    if (known) {
      archive.save(pointer_kind::known);
      return archive.save(number);
    }
  }
  if (type != typeid(T)) {
    const exported_class& derived = exported_class::of(type);
    if (as_base<T>(derived.actions(), const_cast<void*>(address)) != object) {
      throw_unrelated(derived.name(), spelled_name<T>());
    }
    archive.save(pointer_kind::derived);
    archive.save_override(derived.name());
    derived.actions().save(archive, address);
  } else if constexpr (!std::is_abstract_v<T>) {
    archive.save(pointer_kind::own_class);
    pointed<T>::save(archive, object);
  }
}

template <class T>
const pointed_class& take_class(archive_reader& archive, pointer_kind kind) {
  if (kind == pointer_kind::own_class) {
    if constexpr (!std::is_abstract_v<T>) return pointed_class_of<T>;
  } else if (kind == pointer_kind::derived) {
    if constexpr (std::is_polymorphic_v<T>) {
      return exported_class::named(archive.take<std::string>()).actions();
    }
  }
  throw_corrupt_archive("a pointer is of no kind that its class has");
}

template <class T>
T* base_of_arrived(const pointed_class& actions, void* object) {
  T* const base = as_base<T>(actions, object);
  if (base == nullptr) throw_corrupt_archive("a pointer leads to an object of an unrelated class");
  return base;
}

template <class T>
void save_owner(archive_writer& archive, const std::unique_ptr<T>& pointer) {
  static_assert(!std::is_polymorphic_v<T> || std::has_virtual_destructor_v<T> || std::is_final_v<T>,
                "farhold: a class to derive from needs a virtual destructor to be behind a std::unique_ptr");
  save_pointed<false, std::remove_cv_t<T>>(archive, pointer.get());
}
template <class T>
void save_owner(archive_writer& archive, const std::shared_ptr<T>& pointer) {
  save_pointed<true, std::remove_cv_t<T>>(archive, pointer.get());
}
template <class T>
void save_owner(archive_writer& archive, const std::weak_ptr<T>& pointer) {
  save_owner(archive, pointer.lock());
}

template <class T>
void load_owner(archive_reader& archive, std::unique_ptr<T>& pointer) {
  using object_type = std::remove_cv_t<T>;
  const auto kind = static_cast<pointer_kind>(archive.take_number<std::uint8_t>());
  if (kind == pointer_kind::null) return pointer.reset();
  const pointed_class& actions = take_class<object_type>(archive, kind);
  std::unique_ptr<void, void (*)(void*)> object(actions.construct(archive), actions.destroy);
  object_type* const base = base_of_arrived<object_type>(actions, object.get());
  actions.load(archive, object.get());
  static_cast<void>(object.release());
  pointer.reset(base);
}

template <class T>
void load_owner(archive_reader& archive, std::shared_ptr<T>& pointer) {
  using object_type = std::remove_cv_t<T>;
  std::vector<shared_object>& objects = archive.objects();
  const auto kind = static_cast<pointer_kind>(archive.take_number<std::uint8_t>());
  if (kind == pointer_kind::null) return pointer.reset();
  if (kind == pointer_kind::known) {
    const auto number = archive.take_number<std::uint32_t>();
    if (number >= objects.size() || objects[number].owner == nullptr) {
      throw_corrupt_archive("a pointer leads to an object that was not there before");
    }
    const shared_object& object = objects[number];
    pointer =
        std::shared_ptr<T>(object.owner, base_of_arrived<object_type>(*object.actions, object.owner.get()));
    return;
  }
  const pointed_class& actions = take_class<object_type>(archive, kind);
  const std::size_t number = objects.size();
  objects.emplace_back();  // numbers are given in the order in which objects begin
  const std::shared_ptr<void> owner = actions.share(actions.construct(archive));
  objects[number] = {owner, &actions};
  pointer = std::shared_ptr<T>(owner, base_of_arrived<object_type>(actions, owner.get()));
  actions.load(archive, owner.get());
}
template <class T>
void load_owner(archive_reader& archive, std::weak_ptr<T>& pointer) {
  std::shared_ptr<T> target;
  load_owner(archive, target);
  pointer = target;
}

}  // namespace farhold::detail

namespace boost::archive::detail {

/// BOOST_CLASS_EXPORT(T) instantiates this for every archive it knows.
template <class T>
struct ptr_serialization_support<farhold::detail::archive_reader, T> {
  static void instantiate() BOOST_USED { static_cast<void>(exported.name()); }
  using used = instantiate_function<&ptr_serialization_support::instantiate>;
  static inline const farhold::detail::exported_class exported{typeid(T), boost::serialization::guid<T>(),
                                                               farhold::detail::pointed_class_of<T>};
};

}  // namespace boost::archive::detail

BOOST_SERIALIZATION_REGISTER_ARCHIVE(farhold::detail::archive_reader)
