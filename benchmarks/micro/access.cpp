// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "micro.hpp"
#include "rma/solo_stores.hpp"

namespace farhold::bench {

namespace {

/// `*p`, with nothing known of `p`: what a loop over a proxy in memory pays each time.
template <class Pointer>
body dereference(const char* name, const Pointer& p) {
  auto sum = std::make_shared<std::uint64_t>(0);
  return {.name = name,
          .prepare = [sum](std::uint64_t) { *sum = 0; },
          .run =
              [&p, sum](std::uint64_t n) {
                std::uint64_t total = 0;
                for (std::uint64_t i = 0; i < n; ++i) {
                  forget();
                  total += *p;
                }
                *sum = total;
              },
          .verify = [sum] { return *sum > 0 && *sum % 7 == 0; }};
}

void resolved(report& to) {
  store s("micro", local::connector(), {.inline_bytes = 0});
  const proxy<std::uint64_t> p = s.proxy(std::uint64_t{7});
  const std::uint64_t* const raw = &*p;
  keep(p);
  keep(raw);
  to.compare({.name = "access/resolved",
              .bodies = {dereference("raw pointer", raw), dereference("*p", p)},
              .max_iterations = std::uint64_t{1} << 20U,
              .wanted = {goal::kind::nanoseconds_more, 2}});
}

/// First access of fresh proxies of one object, each kept until the sample is over.
body first_access(const char* name, store& s, const key& object) {
  auto fresh = std::make_shared<std::vector<proxy<small>>>();
  return {.name = name,
          .prepare =
              [&s, object, fresh](std::uint64_t n) {
                fresh->clear();
                while (fresh->size() < n) fresh->push_back(s.proxy_from_key<small>(object));
              },
          .run =
              [fresh](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) keep(*(*fresh)[i]);
              },
          .verify = [fresh] { return fresh->back().resolved() && *fresh->back() == sample_object; }};
}

/// Fewer than the pins that a process can hold (src/rma/pins.hpp).
constexpr std::uint64_t views_at_a_time = 64;

/// The same of views, which copy nothing, of an object of `words` words.
body first_view(const char* name, store& s, const key& object, std::uint64_t words) {
  using view = std::span<const std::uint64_t>;
  auto fresh = std::make_shared<std::vector<proxy<view>>>();
  return {.name = name,
          .prepare =
              [&s, object, fresh](std::uint64_t n) {
                fresh->clear();
                while (fresh->size() < n) fresh->push_back(s.proxy_from_key<view>(object));
              },
          .run =
              [fresh](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) keep(*(*fresh)[i]);
              },
          .verify = [fresh,
                     words] { return fresh->back()->size() == words && (*fresh->back())[words - 1] == 7; }};
}

/// What a program without farhold would have: a table of shared objects under a mutex.
struct table {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::shared_ptr<const small>> objects;
};

void cache_hit(report& to) {
  if (!to.wanted("access/cache hit")) return;
  store s("micro", local::connector(), {.inline_bytes = 0, .cache_bytes = 1U << 20U});
  const key object = s.put(sample_object);
  table all;
  all.objects.emplace(1, std::make_shared<const small>(sample_object));
  std::vector<std::shared_ptr<const small>> found(objects_at_a_time);
  const body raw{.name = "table of shared_ptr",
                 .prepare = [&](std::uint64_t) { std::fill(found.begin(), found.end(), nullptr); },
                 .run =
                     [&](std::uint64_t n) {
                       for (std::uint64_t i = 0; i < n; ++i) {
                         forget();
                         const std::scoped_lock lock(all.mutex);
                         found[i] = all.objects.find(1)->second;
                       }
                     },
                 .verify = [&] { return found.front() != nullptr && *found.front() == sample_object; }};
  to.compare({.name = "access/cache hit",
              .bodies = {raw, first_access("first *p", s, object)},
              .max_iterations = objects_at_a_time,
              .wanted = {goal::kind::nanoseconds, 50}});
}

/// An object of its own for each copy, as a resolve makes.
body copied_by_hand() {
  auto made = std::make_shared<std::vector<std::unique_ptr<small>>>(objects_at_a_time);
  auto source = std::make_shared<const small>(sample_object);
  return {.name = "new and copy",
          .prepare = [made](std::uint64_t) { std::fill(made->begin(), made->end(), nullptr); },
          .run =
              [made, source](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) {
                  forget();
                  (*made)[i] = std::make_unique<small>(*source);
                }
              },
          .verify = [made] { return *made->front() == sample_object; }};
}

void resolving(report& to) {
  store s("micro", local::connector(), {.inline_bytes = 0});
  constexpr std::uint64_t words = std::uint64_t{1} << 17U;  // 1 MiB
  rma::solo_stores solo({.arena_bytes = 4U << 20U, .progress_thread = false, .uri = {}, .time = {}});
  const key own = solo.producer().put(sample_object);
  to.compare({.name = "access/resolve local",
              .bodies = {copied_by_hand(), first_access("first *p", s, s.put(sample_object))},
              .max_iterations = objects_at_a_time});
  to.compare({.name = "access/resolve own of an arena",
              .bodies = {copied_by_hand(), first_access("first *p", solo.producer(), own)},
              .max_iterations = objects_at_a_time});
  to.compare({.name = "access/resolve mapped",
              .bodies = {copied_by_hand(), first_access("first *p", solo.consumer(), own)},
              .max_iterations = objects_at_a_time,
              .wanted = {goal::kind::nanoseconds_more, 100}});
  // Copied into the arena: what is moved in would stay where it lies, out of reach of views.
  const std::vector<std::uint64_t> content(words, 7);
  const key large = solo.producer().put(content);
  to.compare({.name = "access/pinned view of 1 MiB",
              .bodies = {copied_by_hand(), first_view("first *p", solo.consumer(), large, words)},
              .max_iterations = views_at_a_time,
              .wanted = {goal::kind::nanoseconds, 150}});
}

}  // namespace

void access(report& to) {
  resolved(to);
  cache_hit(to);
  resolving(to);
}

}  // namespace farhold::bench
