// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/uri.hpp>

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <farhold/error.hpp>

namespace farhold {

namespace {

/// A decimal number followed by one of `units`; nothing if it is anything else or overflows.
template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(
    const std::string& text, const std::array<std::pair<std::string_view, std::uint64_t>, N>& units) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{}) return std::nullopt;
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  for (const auto& [name, factor] : units) {
    if (name == unit && number <= std::numeric_limits<std::int64_t>::max() / factor) return number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::string uri::shown(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::string(text);
  const std::size_t begin = colon + 3;
  // A password may have a '/' or '?' in it that should have been written otherwise.
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(text);
  return std::string(text.substr(0, begin)) + "***" + std::string(text.substr(at));
}

uri::uri(std::string_view text) : text_(shown(text)) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    throw error(errc::invalid_argument,
                "'" + text_ + "' is not a URI; it should look like scheme://rest?option=value");
  }
  scheme_ = text.substr(0, colon);
  text.remove_prefix(colon + 3);
  const auto question = text.find('?');
  rest_ = text.substr(0, question);
  if (question == std::string_view::npos) return;
  text.remove_prefix(question + 1);
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const auto equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      throw error(errc::invalid_argument,
                  "'" + std::string(item) + "' in '" + text_ + "' is not option=value");
    }
    if (!options_.emplace(item.substr(0, equals), item.substr(equals + 1)).second) {
      throw error(errc::invalid_argument,
                  "option '" + std::string(item.substr(0, equals)) + "' stands twice in '" + text_ + "'");
    }
  }
}

std::optional<std::string> uri::take(std::string_view option) {
  const auto at = options_.find(option);
  if (at == options_.end()) return std::nullopt;
  return taken_.insert(options_.extract(at)).position->second;
}

std::optional<std::uint64_t> uri::take_bytes(std::string_view option) {
  const auto value = take(option);
  if (!value) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> units = {
      {{"", 1},
       {"KiB", 1U << 10U},
       {"MiB", 1U << 20U},
       {"GiB", 1U << 30U},
       {"TiB", std::uint64_t{1} << 40U}}};
  if (const auto bytes = parse_with_unit(*value, units)) return bytes;
  refuse(option, *value, "a size such as 4096, 64MiB or 1GiB");
}

std::optional<std::chrono::nanoseconds> uri::take_time(std::string_view option) {
  const auto value = take(option);
  if (!value) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units = {
      {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};
  if (const auto time = parse_with_unit(*value, units)) return std::chrono::nanoseconds(*time);
  refuse(option, *value, "a time such as 5us, 100ms or 30s");
}

std::optional<std::size_t> uri::take_choice(std::string_view option,
                                            std::initializer_list<std::string_view> choices) {
  const auto value = take(option);
  if (!value) return std::nullopt;
  std::string expected;
  std::size_t index = 0;
  for (const std::string_view choice : choices) {
    if (*value == choice) return index;
    expected.append(index++ == 0 ? "" : " or ").append(choice);
  }
  refuse(option, *value, expected);
}

std::optional<bool> uri::take_switch(std::string_view option) {
  const auto value = take(option);
  if (!value) return std::nullopt;
  if (*value == "on") return true;
  if (*value == "off") return false;
  refuse(option, *value, "on or off");
}

void uri::finish() const {
  if (options_.empty()) return;
  std::string known;
  for (const auto& [name, value] : taken_) known += " " + name;
  throw error(errc::invalid_argument, "'" + options_.begin()->first + "' in '" + text_ +
                                          "' is not an option of " + scheme_ + "://" +
                                          (known.empty() ? "" : "; taken were:" + known));
}

void uri::refuse(std::string_view option, const std::string& value, const std::string& expected) const {
  throw error(errc::invalid_argument, "option '" + std::string(option) + "' in '" + text_ + "' is '" + value +
                                          "'; it should be " + expected);
}

}  // namespace farhold
