// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "fixtures.hpp"
#include "rma/engine.hpp"
#include "support/solo_transport.hpp"

// Engines over a fabric of threads, for tests.

namespace farhold::rma {

/// Calls `body(i)` for each i below `count`, each on a thread of its own: for calls that wait for each other.
template <class Body>
void on_threads(std::size_t count, Body&& body) {
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back([&body, i] { body(i); });
  for (std::thread& one : all) one.join();
}

struct cluster_options {
  test::solo_options fabric;
  rma::options engine{
      .arena_bytes = std::uint64_t{1} << 20U, .same_host = same_host::off, .uri = "solo:", .time = {}};
  std::function<void(std::size_t peer, rma::options&)> of_peer;                    // differences between them
  std::function<std::unique_ptr<transport>(std::unique_ptr<transport>)> decorate;  // such as with faults
  bool open = true;
};

/// N open engines. What is not closed by the test is closed at the end, as well as it can be.
class cluster {
 public:
  explicit cluster(cluster_options wanted = {})
      : fabric_(std::make_shared<test::solo_fabric>(wanted.fabric)) {
    for (peer_id id = 0; id < wanted.fabric.peers; ++id) {
      rma::options mine = wanted.engine;
      if (wanted.of_peer) wanted.of_peer(id, mine);
      auto solo = std::make_unique<test::solo_transport>(fabric_, id);
      transports_.push_back(solo.get());
      std::unique_ptr<transport> fabric = std::move(solo);
      if (wanted.decorate) fabric = wanted.decorate(std::move(fabric));
      engines_.push_back(std::make_unique<engine>(std::move(fabric), mine));
    }
    if (!wanted.open) return;
    for (const status& s : open()) EXPECT_STATUS(ok, s);
  }
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;
  ~cluster() {
    constexpr std::chrono::milliseconds patience{100};
    on_threads(engines_.size(), [&](std::size_t i) {
      if (engines_[i] && !engines_[i]->closed()) static_cast<void>(engines_[i]->close(patience));
    });
  }

  std::vector<status> open() {
    std::vector<status> outcomes(engines_.size());
    on_threads(engines_.size(), [&](std::size_t i) { outcomes[i] = engines_[i]->open(); });
    return outcomes;
  }
  std::vector<status> close(std::chrono::nanoseconds timeout) {
    std::vector<status> outcomes(engines_.size());
    on_threads(engines_.size(), [&](std::size_t i) { outcomes[i] = engines_[i]->close(timeout); });
    return outcomes;
  }
  void destroy(std::size_t peer) { engines_[peer].reset(); }

  engine& operator[](std::size_t peer) { return *engines_[peer]; }
  test::solo_fabric& fabric() { return *fabric_; }
  test::solo_transport& transport_of(std::size_t peer) { return *transports_[peer]; }
  /// Progress without a progress thread.
  void pump(std::size_t peer) { static_cast<void>(transports_[peer]->progress()); }

 private:
  std::shared_ptr<test::solo_fabric> fabric_;
  std::vector<test::solo_transport*> transports_;
  std::vector<std::unique_ptr<engine>> engines_;
};

constexpr std::chrono::seconds patience{30};

/// Returns when `length` bytes can be had, which pins of sends under way may delay beyond what reserve waits.
inline void wait_for_room(engine& producer, std::uint64_t length) {
  reservation room;
  while (!producer.reserve(length, patience, room).ok()) std::this_thread::yield();
  producer.abandon(room);
}

/// Publishes `length` bytes that follow `seed`.
inline key put(engine& producer, std::uint64_t length, std::uint64_t seed, type_id type = type_id{1}) {
  reservation room;
  key made;
  EXPECT_STATUS(ok, producer.reserve(length, patience, room));
  if (room.memory.size() != length) return made;
  fill_pattern(room.memory, seed);
  EXPECT_STATUS(ok, producer.publish(room, type, made));
  return made;
}

struct got {
  status outcome;
  path way = path::local;
  memory_landing_ptr landed = make_landing();
};

inline got get(engine& consumer, const key& object, std::chrono::nanoseconds timeout = patience) {
  got result;
  read_report report;
  result.outcome = consumer.get(object, *result.landed, timeout, report);
  result.way = report.way;
  return result;
}

inline void expect_bytes(engine& consumer, const key& object, std::uint64_t seed) {
  const got found = get(consumer, object);
  EXPECT_STATUS(ok, found.outcome);
  if (!found.outcome.ok()) return;
  EXPECT_EQ(object.size_bytes(), found.landed->payload().size());
  EXPECT_EQ(0U, count_wrong(found.landed->payload(), seed));
}

inline metrics counters_of(const engine& e) {
  metrics m;
  e.collect(m);
  return m;
}

/// The ticket in a key, changed, as a key again.
template <class Change>
key changed(const key& object, Change&& change) {
  ticket t;
  EXPECT_STATUS(ok, ticket::from_key(object, t));
  change(t);
  return t.to_key();
}

}  // namespace farhold::rma
