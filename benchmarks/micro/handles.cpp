// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "micro.hpp"

namespace farhold::bench {

namespace {

/// The baseline does what cannot be avoided: allocates as much, and writes down which object it is.
void making(report& to, store& s) {
  const key object = s.put(sample_object);
  constexpr std::size_t state_bytes = sizeof(detail::proxy_state<small>);
  std::vector<std::unique_ptr<std::byte[]>> raw(objects_at_a_time);
  std::vector<proxy<small>> made(objects_at_a_time);
  to.compare(
      {.name = "handles/make",
       .bodies = {{.name = "new and copy of the key",
                   .prepare = [&](std::uint64_t) { std::fill(raw.begin(), raw.end(), nullptr); },
                   .run =
                       [&](std::uint64_t n) {
                         for (std::uint64_t i = 0; i < n; ++i) {
                           forget();
                           raw[i].reset(new std::byte[state_bytes]);
                           std::memcpy(raw[i].get(), object.id().data(), object.id().size());
                         }
                       },
                   .verify =
                       [&] {
                         return std::memcmp(raw[0].get(), object.id().data(), object.id().size()) == 0;
                       }},
                  {.name = "proxy_from_key",
                   .prepare = [&](std::uint64_t) { std::fill(made.begin(), made.end(), proxy<small>()); },
                   .run =
                       [&](std::uint64_t n) {
                         for (std::uint64_t i = 0; i < n; ++i) made[i] = s.proxy_from_key<small>(object);
                       },
                   .verify = [&] { return made.front().key() == object; }}},
       .max_iterations = objects_at_a_time});
}

template <class Pointer>
body copying(const char* name, const Pointer& original) {
  auto copies = std::make_shared<std::vector<Pointer>>(objects_at_a_time);
  return {.name = name,
          .prepare = [copies](std::uint64_t) { std::fill(copies->begin(), copies->end(), Pointer()); },
          .run =
              [copies, &original](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) (*copies)[i] = original;
              },
          .verify = [copies, &original] { return &*copies->front() == &*original; }};
}

constexpr std::size_t sorted_at_a_time = 1024;

/// Sorts pointers by what they point to.
template <class Pointer>
body sorting(const char* name, const std::vector<Pointer>& unsorted) {
  auto work = std::make_shared<std::vector<Pointer>>();
  const auto by_value = [](const Pointer& a, const Pointer& b) { return *a < *b; };
  return {.name = name,
          .prepare = [work, &unsorted](std::uint64_t) { *work = unsorted; },
          .run = [work, by_value](std::uint64_t) { std::sort(work->begin(), work->end(), by_value); },
          .verify = [work, by_value] { return std::is_sorted(work->begin(), work->end(), by_value); }};
}

struct pointed_hash {
  std::size_t operator()(const std::shared_ptr<const std::string>& p) const {
    return std::hash<std::string>{}(*p);
  }
};
struct pointed_equal {
  bool operator()(const std::shared_ptr<const std::string>& a,
                  const std::shared_ptr<const std::string>& b) const {
    return *a == *b;
  }
};

/// Looks every key up in a table of all.
template <class Table, class Pointer>
body looking_up(const char* name, const std::vector<Pointer>& keys) {
  auto all = std::make_shared<Table>();
  for (const Pointer& k : keys) all->emplace(k, std::stoull(*k));
  auto sum = std::make_shared<std::uint64_t>(0);
  const std::uint64_t expected = keys.size() * (keys.size() - 1) / 2;
  return {.name = name,
          .prepare = [sum](std::uint64_t) { *sum = 0; },
          .run =
              [all, sum, &keys](std::uint64_t) {
                for (const Pointer& k : keys) *sum += all->find(k)->second;
              },
          .verify = [sum, expected] { return *sum == expected; }};
}

void ordered_and_hashed(report& to, store& s) {
  std::vector<std::uint64_t> values(sorted_at_a_time);
  std::iota(values.begin(), values.end(), 0U);
  std::shuffle(values.begin(), values.end(), std::mt19937(1));  // NOLINT: the same order each time
  std::vector<std::shared_ptr<const std::uint64_t>> raw;
  std::vector<proxy<std::uint64_t>> proxies;
  std::vector<std::shared_ptr<const std::string>> raw_names;
  std::vector<proxy<std::string>> names;
  for (const std::uint64_t v : values) {
    raw.push_back(std::make_shared<const std::uint64_t>(v));
    proxies.push_back(s.proxy(v));
    raw_names.push_back(std::make_shared<const std::string>(std::to_string(v)));
    names.push_back(s.proxy(*raw_names.back()));
    proxies.back().resolve();
    names.back().resolve();
  }
  to.compare({.name = "handles/sort 1024",
              .bodies = {sorting("shared_ptr", raw), sorting("resolved proxy", proxies)},
              .operations = sorted_at_a_time});
  using raw_table =
      std::unordered_map<std::shared_ptr<const std::string>, std::uint64_t, pointed_hash, pointed_equal>;
  using proxy_table = std::unordered_map<proxy<std::string>, std::uint64_t>;
  to.compare({.name = "handles/find in a hash table",
              .bodies = {looking_up<raw_table>("shared_ptr", raw_names),
                         looking_up<proxy_table>("resolved proxy", names)},
              .operations = sorted_at_a_time});
}

}  // namespace

void handles(report& to) {
  store s("micro", local::connector(), {.inline_bytes = 0});
  making(to, s);
  const auto shared = std::make_shared<const small>(sample_object);
  const proxy<small> p = s.proxy(sample_object);
  p.resolve();
  to.compare({.name = "handles/copy",
              .bodies = {copying("shared_ptr", shared), copying("resolved proxy", p)},
              .max_iterations = objects_at_a_time});
  ordered_and_hashed(to, s);
}

}  // namespace farhold::bench
