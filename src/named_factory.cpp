// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/named_factory.hpp>

#include <map>
#include <mutex>

#include <farhold/detail/process_mutex.hpp>

#include "detail/token.hpp"
#include "detail/wire.hpp"

// The body of its token:
//
//   bytes  1  length of the name
//          …  the name
//          8  type of the result
//          8  type of the callable
//          …  the callable, as it is stored

namespace farhold {

namespace {

constexpr std::size_t max_name_bytes = 255;

struct named_factories {
  detail::process_mutex mutex;
  std::map<std::string, detail::named_factory, std::less<>> by_name;
  std::map<std::type_index, const detail::named_factory*> by_callable;

  /// Never destroyed: proxies may be decoded until the very end.
  static named_factories& all() {
    static auto* const instance = new named_factories;
    return *instance;
  }

  /// Entries are never removed, so that they may be used without the lock.
  const detail::named_factory* find(std::string_view name) {
    const std::scoped_lock lock(mutex);
    const auto found = by_name.find(name);
    return found != by_name.end() ? &found->second : nullptr;
  }
  const detail::named_factory* find(std::type_index callable) {
    const std::scoped_lock lock(mutex);
    const auto found = by_callable.find(callable);
    return found != by_callable.end() ? found->second : nullptr;
  }
};

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

void detail::register_named_factory(named_factory made) {
  if (made.name.empty() || made.name.size() > max_name_bytes) {
    throw error(errc::invalid_argument,
                "the name of a factory has 1 to 255 bytes, not " + in_quotes(made.name));
  }
  named_factories& all = named_factories::all();
  const std::scoped_lock lock(all.mutex);
  const auto same_name = all.by_name.find(made.name);
  if (same_name != all.by_name.end() && same_name->second.callable != made.callable) {
    throw error(errc::invalid_argument, "the factory " + in_quotes(made.name) +
                                            " is registered already, with another class; give this one "
                                            "another name");
  }
  const auto same_callable = all.by_callable.find(made.callable);
  if (same_callable != all.by_callable.end() && same_callable->second->name != made.name) {
    throw error(errc::invalid_argument,
                "the class of the factory " + in_quotes(made.name) + " is registered already, as " +
                    in_quotes(same_callable->second->name) + "; a class has one name");
  }
  if (same_name != all.by_name.end()) return;
  const auto at = all.by_name.emplace(made.name, made).first;
  try {
    all.by_callable.emplace(made.callable, &at->second);
  } catch (...) {
    all.by_name.erase(at);
    throw;
  }
}

std::vector<std::byte> detail::encode_named_factory(std::type_index callable, const void* function) {
  const named_factory* const known = named_factories::all().find(callable);
  if (known == nullptr) {
    throw error(
        errc::unsupported,
        "this proxy calls a plain function and cannot travel; make it with store.proxy(), or give the "
        "function's class a name in every process with farhold::register_factory");
  }
  const std::uint64_t state_bytes = known->size_bytes(function);
  const std::size_t names_bytes = 1 + known->name.size() + 2 * sizeof(type_id);
  std::vector<std::byte> made(token::head_bytes + names_bytes + state_bytes + token::check_bytes);
  wire::writer to(made.data() + token::head_bytes);
  to.put(static_cast<std::uint8_t>(known->name.size()));
  to.put_text(known->name);
  to.put(known->result_type);
  to.put(known->callable_type);
  known->write(function, {to.end(), state_bytes});
  token::seal(token::named_factory, made);
  return made;
}

bool detail::is_named_factory(byte_view token) noexcept {
  return token.size() > token::head_bytes && token[token::head_bytes - 1] == std::byte{token::named_factory};
}

void detail::decode_named_factory(byte_view bytes, type_id wanted, std::type_index result, void* function) {
  const token::opened token = token::open(bytes);
  wire::reader from(token.body);
  const std::string_view name = from.take_text(from.take<std::uint8_t>());
  const auto result_type = from.take<type_id>();
  const auto callable_type = from.take<type_id>();
  if (!from.ok() || name.empty()) token::refuse(errc::corrupt, "it names no factory");

  const named_factory* const known = named_factories::all().find(name);
  if (known == nullptr) {
    throw error(errc::unsupported, "this proxy is made by the factory " + in_quotes(name) +
                                       ", which is not registered in this process; call "
                                       "farhold::register_factory with that name and its class first");
  }
  if (result_type != wanted || known->result_type != wanted || known->result != result) {
    throw error(errc::wrong_type, "the factory " + in_quotes(name) + " makes " + describe(result_type) +
                                      (known->result_type != result_type || known->result != result
                                           ? " there and " + describe(known->result_type) + " here"
                                           : std::string()) +
                                      ", and the proxy asked for is of " + describe(wanted));
  }
  if (callable_type != known->callable_type) {
    throw error(errc::wrong_type, "the factory " + in_quotes(name) + " is of class " +
                                      describe(callable_type) + " there and of class " +
                                      describe(known->callable_type) +
                                      " here; build both sides with the same class, or give it another name");
  }
  known->read(from.rest(), function);
}

}  // namespace farhold
