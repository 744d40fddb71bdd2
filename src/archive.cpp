// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/detail/archive.hpp>

#include <map>
#include <mutex>

#include <boost/archive/detail/archive_serializer_map.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/core/demangle.hpp>

#include <farhold/detail/process_mutex.hpp>

// Boost wants one for every archive, although none of its pointers are in ours.
template class boost::archive::detail::archive_serializer_map<farhold::detail::archive_reader>;
template class boost::archive::detail::archive_serializer_map<farhold::detail::archive_writer>;

namespace farhold::detail {

namespace {

struct exported_classes {
  process_mutex mutex;
  std::map<std::type_index, const exported_class*> by_type;
  std::map<std::string, const exported_class*> by_name;

  /// Never destroyed: classes of programs and plug-ins unregister when those end.
  static exported_classes& all() {
    static auto* const instance = new exported_classes;
    return *instance;
  }
};

[[noreturn]] void throw_not_exported(const std::string& name) {
  throw error(errc::unsupported,
              "class " + name +
                  " is behind a pointer to its base class and this program does not export "
                  "it; write BOOST_CLASS_EXPORT(" +
                  name + ") in a source file that includes <farhold/serializer.hpp>");
}

/// Its first program or plug-in names a class; what others say of it is the same.
template <class Map>
void forget(Map& map, const typename Map::key_type& key, const exported_class* gone) {
  const auto found = map.find(key);
  if (found != map.end() && found->second == gone) map.erase(found);
}

}  // namespace

exported_class::exported_class(const std::type_info& type, const char* name, const pointed_class& actions)
    : type_(type), name_(name), actions_(&actions) {
  exported_classes& all = exported_classes::all();
  const std::scoped_lock lock(all.mutex);
  all.by_type.emplace(type_, this);
  all.by_name.emplace(name_, this);
}

exported_class::~exported_class() {
  exported_classes& all = exported_classes::all();
  const std::scoped_lock lock(all.mutex);
  forget(all.by_type, type_, this);
  forget(all.by_name, name_, this);
}

const exported_class& exported_class::of(std::type_index type) {
  exported_classes& all = exported_classes::all();
  const std::scoped_lock lock(all.mutex);
  const auto found = all.by_type.find(type);
  if (found == all.by_type.end()) throw_not_exported(boost::core::demangle(type.name()));
  return *found->second;
}

const exported_class& exported_class::named(const std::string& name) {
  exported_classes& all = exported_classes::all();
  const std::scoped_lock lock(all.mutex);
  const auto found = all.by_name.find(name);
  if (found == all.by_name.end()) throw_not_exported(name);
  return *found->second;
}

void throw_unrelated(const std::string& derived, std::string_view base) {
  throw error(errc::invalid_argument,
              "class " + derived + " is behind a pointer to " + std::string(base) +
                  ", which it does not archive; write boost::serialization::base_object<" +
                  std::string(base) + ">(*this) in its serialize");
}

void throw_corrupt_archive(const std::string& what) {
  throw error(errc::corrupt, "the stored archive cannot be read: " + what);
}

}  // namespace farhold::detail
