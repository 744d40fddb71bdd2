// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/type_id.hpp>

#include <map>
#include <mutex>

#include <farhold/detail/process_mutex.hpp>

namespace farhold {

namespace {

struct known_types {
  detail::process_mutex mutex;
  std::map<type_id, std::string> names;
};

known_types& known() {
  static auto* const instance = new known_types;  // never dies: nor does its mutex
  return *instance;
}

/// The runs of numbers that everybody uses can be named even where this program does not use them.
template <class... T>
void remember_ranges() {
  (detail::remember_type(detail::make_type_id<T>("range"), "range", detail::wire_name<T>()), ...);
}

}  // namespace

void detail::remember_type(type_id type, std::string_view form, std::string_view name) {
  std::string text = form == "range"     ? "a range of " + std::string(name)
                     : form == "archive" ? "an archived " + std::string(name)
                                         : std::string(name);
  const std::scoped_lock lock(known().mutex);
  known().names.emplace(type, std::move(text));
}

std::string describe(type_id type) {
  static const bool once =
      (remember_ranges<char, std::byte, signed char, unsigned char, short, unsigned short, int, unsigned,
                       long, unsigned long, float, double>(),
       true);
  static_cast<void>(once);
  const std::scoped_lock lock(known().mutex);
  const auto found = known().names.find(type);
  return found != known().names.end() ? found->second : "type number " + std::to_string(type.value);
}

}  // namespace farhold
