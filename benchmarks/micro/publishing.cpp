// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstring>
#include <memory>
#include <vector>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "micro.hpp"
#include "rma/solo_stores.hpp"

namespace farhold::bench {

namespace {

body on_the_heap() {
  auto made = std::make_shared<std::vector<std::unique_ptr<small>>>(objects_at_a_time);
  return {.name = "new and copy",
          .prepare = [made](std::uint64_t) { std::fill(made->begin(), made->end(), nullptr); },
          .run =
              [made](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) {
                  forget();
                  (*made)[i] = std::make_unique<small>(sample_object);
                }
              },
          .verify = [made] { return *made->front() == sample_object; }};
}

/// Objects are evicted before the next sample, so that each finds the memory of one before.
body putting(const char* name, store& s) {
  auto made = std::make_shared<std::vector<key>>();
  return {.name = name,
          .prepare =
              [&s, made](std::uint64_t n) {
                for (const key& old : *made) s.evict(old);
                made->clear();
                made->reserve(n);
              },
          .run =
              [&s, made](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) made->push_back(s.put(sample_object));
              },
          .verify = [&s, made] { return s.get<small>(made->back()) == sample_object; }};
}

body proxying(const char* name, store& s) {
  auto made = std::make_shared<std::vector<proxy<small>>>();
  return {.name = name,
          .prepare =
              [&s, made](std::uint64_t n) {
                for (const proxy<small>& old : *made) s.evict(old.key());
                made->clear();
                made->reserve(n);
              },
          .run =
              [&s, made](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) made->push_back(s.proxy(sample_object));
              },
          .verify = [made] { return *made->back() == sample_object; }};
}

}  // namespace

void publishing(report& to) {
  store plain("micro", local::connector(), {.inline_bytes = 0});
  // Without a grace period a block can be used again at once, and the arena stays small and warm.
  rma::solo_stores solo({.arena_bytes = 1U << 20U,
                         .progress_thread = false,
                         .grace = std::chrono::nanoseconds(0),
                         .uri = {},
                         .time = {}});
  to.compare({.name = "publish/local",
              .bodies = {on_the_heap(), putting("put", plain)},
              .max_iterations = objects_at_a_time,
              .wanted = {goal::kind::nanoseconds, 200}});
  to.compare({.name = "publish/arena",
              .bodies = {on_the_heap(), putting("put", solo.producer())},
              .max_iterations = objects_at_a_time,
              .wanted = {goal::kind::nanoseconds, 200}});
  to.compare({.name = "publish/arena, and a proxy of it",
              .bodies = {on_the_heap(), proxying("proxy", solo.producer())},
              .max_iterations = objects_at_a_time});
}

}  // namespace farhold::bench
