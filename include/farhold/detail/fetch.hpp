// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <farhold/detail/store_core.hpp>
#include <farhold/detail/target.hpp>

namespace farhold::detail {

template <class T>
void require_type(const key& object) {
  if (object.type() != type_of<T>()) throw_wrong_type(object, type_of<T>());
  if constexpr (direct_object<T>) {
    if (object.size_bytes() != sizeof(T))
      throw error(errc::corrupt, "the key's size is not the size of its type");
  }
}

template <class T>
target_ptr<T> fetch(store_core& store, const key& object, const call_options& call) {
  require_type<T>(object);
  if (landing_ptr hit = store.cached(object, &target_tag<T>)) {
    return boost::static_pointer_cast<target<T>>(std::move(hit));
  }
  target_ptr<T> made = make_target<T>();
  store.read(object, *made, call);
  made->finish(object.size_bytes());
  store.remember(object, &target_tag<T>, made);
  return made;
}

}  // namespace farhold::detail
