// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "whereabouts.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include "rma/host.hpp"

namespace farhold::shm::detail {

namespace {

/// A number that ends at `end` or at the text's end, which is taken off `text`.
template <class Number>
bool take(std::string_view& text, Number& out, int base, bool last) noexcept {
  const auto [at, problem] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (problem != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  if (last) return text.empty();
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string whereabouts::to_string() const {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%d.%d.%08x", pid, fd, host);
  return text.data();
}

std::optional<whereabouts> whereabouts::parse(std::string_view text) noexcept {
  whereabouts parsed;
  const bool good = take(text, parsed.pid, 10, false) && take(text, parsed.fd, 10, false) &&
                    take(text, parsed.host, 16, true) && parsed.pid > 0 && parsed.fd >= 0;
  return good ? std::optional(parsed) : std::nullopt;
}

std::uint32_t this_host() noexcept {
  static const std::uint32_t hash = [] {
    const rma::boot_id boot = rma::this_boot();
    const std::uint64_t mixed = boot[0] * 0x9E3779B97F4A7C15U ^ boot[1];
    return static_cast<std::uint32_t>(mixed >> 32U ^ mixed);
  }();
  return hash;
}

}  // namespace farhold::shm::detail
