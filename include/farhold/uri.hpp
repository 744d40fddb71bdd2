// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace farhold {

/// A parsed `scheme://rest?key=value&key=value`.
///
/// A connector takes the options it knows and then calls `finish`, which refuses the others by name.
///
/// Errors    `invalid_argument`, naming the option, its value and what would be accepted.
class uri {
 public:
  explicit uri(std::string_view text);

  [[nodiscard]] const std::string& scheme() const noexcept { return scheme_; }
  [[nodiscard]] const std::string& rest() const noexcept { return rest_; }

  /// The option's value, and marks it as known.
  [[nodiscard]] std::optional<std::string> take(std::string_view option);
  /// "64MiB", "1GiB", "4096": a size in bytes.
  [[nodiscard]] std::optional<std::uint64_t> take_bytes(std::string_view option);
  /// "100ms", "30s", "5us": a time.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> take_time(std::string_view option);
  /// The index of the one of `choices` that the value is.
  [[nodiscard]] std::optional<std::size_t> take_choice(std::string_view option,
                                                       std::initializer_list<std::string_view> choices);
  /// "on" or "off".
  [[nodiscard]] std::optional<bool> take_switch(std::string_view option);

  /// Throws if an option was given that nobody took.
  void finish() const;

  /// `text` as messages may show it: what stands for user and password is "***".
  [[nodiscard]] static std::string shown(std::string_view text);

 private:
  [[noreturn]] void refuse(std::string_view option, const std::string& value,
                           const std::string& expected) const;

  std::string text_;  // as it is shown
  std::string scheme_;
  std::string rest_;
  std::map<std::string, std::string, std::less<>> options_;
  std::map<std::string, std::string, std::less<>> taken_;
};

}  // namespace farhold
