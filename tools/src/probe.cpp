// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "probe.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <farhold/detail/store_core.hpp>
#include <farhold/proxy.hpp>
#include <farhold/registry.hpp>
#include <farhold/store.hpp>

namespace farhold::tools {

namespace {

using namespace std::chrono_literals;
using bytes = std::vector<std::byte>;

constexpr auto probe_patience = 10s;
constexpr std::size_t own_bytes = 4096;
constexpr std::size_t lent_bytes = std::size_t{1} << 20U;

std::string name_for(const std::string& uri) { return "farhold info " + uri.substr(0, 64); }

/// What the second process serves; it has no end of its own.
struct offered {
  store opened;
  bytes memory;
  loan<std::byte> lent;
};

/// The line of the second process: both tokens, or what went wrong.
std::string begin(const std::string& uri, std::unique_ptr<offered>& kept) {
  try {
    store opened = store::open(name_for(uri), uri, {.inline_bytes = 0});
    bytes memory(lent_bytes, std::byte{2});
    const bytes copied(own_bytes, std::byte{1});
    const std::string own = opened.proxy(copied).to_string();
    auto lent = opened.lend(memory);
    std::string line = fmt::format("{} {} {}", own, lent.proxy().to_string(), lent.in_place() ? 1 : 0);
    kept = std::make_unique<offered>(offered{std::move(opened), std::move(memory), std::move(lent)});
    return line;
  } catch (const error& problem) {
    return fmt::format("! {} {}", static_cast<int>(problem.kind()), problem.what());
  }
}

/// Resolves, and tells the path it took.
std::string path_of(const std::string& store_name, const std::string& token, std::size_t size_bytes) {
  const auto count = [&](path p) {
    const auto open = registry::global().find(store_name);
    return open == nullptr ? std::uint64_t{0} : open->snapshot().on(p).resolves;
  };
  std::array<std::uint64_t, path_count> before{};
  for (std::size_t i = 0; i < path_count; ++i) before[i] = count(static_cast<path>(i));
  const auto p = proxy<bytes>::from_string(token);
  if (p.resolve({.timeout = probe_patience}).size() != size_bytes)
    throw error(errc::corrupt, "another number of bytes came than was sent");
  for (std::size_t i = 0; i < path_count; ++i) {
    if (count(static_cast<path>(i)) != before[i]) return std::string(to_string(static_cast<path>(i)));
  }
  return "unknown";
}

}  // namespace

probe::probe(std::string uri)
    : uri_(std::move(uri)),
      second_([this, kept = std::make_shared<std::unique_ptr<offered>>()] { return begin(uri_, *kept); }) {}

probe_result probe::run() {
  probe_result made;
  try {
    const std::string line = second_.line(probe_patience);
    const auto first = line.find(' ');
    const auto second = line.find(' ', first + 1);
    if (line.starts_with("! "))
      throw error(static_cast<errc>(std::atoi(line.c_str() + 2)), line.substr(second + 1));
    made.own_path = path_of(name_for(uri_), line.substr(0, first), own_bytes);
    made.lent_in_place = line.ends_with('1');
    made.lent_path = path_of(name_for(uri_), line.substr(first + 1, second - first - 1), lent_bytes);
  } catch (const error& problem) {
    made.outcome = problem.kind();
    made.problem = problem.what();
  }
  return made;
}

}  // namespace farhold::tools
