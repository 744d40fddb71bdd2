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

/// The target of an object: finished, if the store's cache has it, or else empty, to be read into.
template <class T>
target_ptr<T> prepare(store_core& store, const key& object) {
  require_type<T>(object);
  const bool cached = store.options().cache_bytes > 0;
  if (landing_ptr hit = cached ? store.cached(object, &target_tag<T>) : nullptr) {
    return boost::static_pointer_cast<target<T>>(std::move(hit));
  }
  return make_target<T>();
}

/// Makes the object of the bytes that have landed.
template <class T>
void complete(store_core& store, const key& object, const target_ptr<T>& made) {
  made->finish(object.size_bytes());
  // A cached pin would keep the producer's memory for nobody, and a view is had again for less than it costs.
  const bool cached = store.options().cache_bytes > 0;  // a reference more costs two atomic operations
  if (cached && !made->shown()) store.remember(object, &target_tag<T>, made);
}

template <class T>
target_ptr<T> fetch(store_core& store, const key& object, const call_options& call) {
  target_ptr<T> made = prepare<T>(store, object);
  if (made->object() == nullptr) {
    store.read(object, *made, call);
    complete(store, object, made);
  }
  return made;
}

}  // namespace farhold::detail
