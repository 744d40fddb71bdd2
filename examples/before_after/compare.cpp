// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "compare.hpp"

#include <cstdio>
#include <functional>

namespace {

/// Notes how much passes through another courier.
class weighing final : public courier {
 public:
  explicit weighing(courier& inner) : inner_(inner) {}
  void send(const std::string& message) override { inner_.send(message); }
  std::string receive() override {
    std::string message = inner_.receive();
    received_bytes = message.size();
    return message;
  }

  std::size_t received_bytes = 0;

 private:
  courier& inner_;
};

struct way {
  const char* name;
  std::function<void(const field&)> produce;
  std::function<summary()> consume;
  bool carries_data;
};

constexpr std::size_t steps = 100'000;
/// Keys, paths and tokens are shorter than this.
constexpr std::size_t small_bytes = 400;

}  // namespace

bool all_ways_agree(role mine, farhold::store& store, courier& between) {
  weighing scales(between);
  const way ways[] = {
      {"by value", [&](const field& f) { by_value::produce(f, scales); },
       [&] { return by_value::consume(scales); }, true},
      {"by key", [&](const field& f) { by_key::produce(f, store, scales); },
       [&] { return by_key::consume(store, scales); }, false},
      {"by path", [&](const field& f) { by_path::produce(f, scales); },
       [&] { return by_path::consume(scales); }, false},
      {"by proxy", [&](const field& f) { by_proxy::produce(f, store, scales); },
       [&] { return by_proxy::consume(scales); }, false},
  };
  const field made = simulate(steps);
  const summary expected = analyse(made);
  bool agree = true;
  for (const way& w : ways) {
    if (mine.producer) w.produce(made);
    if (!mine.consumer) continue;
    const summary found = w.consume();
    const bool good = found == expected && (scales.received_bytes < small_bytes) == !w.carries_data;
    std::printf("%-9s message %7zu bytes, mean %.6f, largest %.6f%s\n", w.name, scales.received_bytes,
                found.mean, found.largest, good ? "" : "  WRONG");
    agree = agree && good;
  }
  return agree;
}
