// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "description.hpp"

#include <charconv>

namespace farhold::multi {

namespace {

template <class Number>
Number number(const std::string& text, const char* what) {
  Number value = 0;
  const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || at != text.data() + text.size()) {
    throw error(errc::invalid_argument, "in the URI of a multi store, " + std::string(what) + " is '" + text +
                                            "'; it should be a number");
  }
  return value;
}

}  // namespace

description description::take_from(uri& address) {
  description made;
  for (std::size_t i = 0; i < most_parts; ++i) {
    const std::string name = std::to_string(i);
    policy takes;
    takes.min_bytes = address.take_bytes(name + ".min").value_or(takes.min_bytes);
    takes.max_bytes = address.take_bytes(name + ".max").value_or(takes.max_bytes);
    if (auto tag = address.take(name + ".tag")) takes.tags.push_back(*std::move(tag));
    takes.host = address.take(name + ".host").value_or("");
    if (const auto priority = address.take(name + ".priority"))
      takes.priority = number<int>(*priority, "a priority");
    const auto inner = address.take(name);
    if (!inner) continue;
    made.uris[i] = decoded(*inner);
    if (made.uris[i].starts_with("multi:")) {
      throw error(errc::invalid_argument, "a multi store is no part of another one; name the parts of both");
    }
    made.policies[i] = std::move(takes);
  }
  if (const auto twin = address.take("twin")) made.twin = number<std::size_t>(*twin, "the twin");
  made.late = address.take_switch("late").value_or(false);
  return made;
}

}  // namespace farhold::multi
