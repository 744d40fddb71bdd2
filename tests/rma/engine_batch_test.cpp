// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "rma/passing_transport.hpp"

// Batches of gets: pipelined, each with a fate of its own; and calls that are cancelled.

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr peer_id reader_id = 0;

cluster_options three_peers(bool one_sided) {
  cluster_options wanted;
  wanted.fabric.peers = 3;
  wanted.fabric.one_sided = one_sided;
  return wanted;
}

struct wanted_object {
  key object;
  std::uint64_t seed;
  memory_landing_ptr landed = make_landing();
};

std::vector<wanted_object> put_everywhere(cluster& all, std::size_t count) {
  std::vector<wanted_object> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back({put(all[i % 3], 100 + i * 37, i), i});
  return made;
}

std::vector<read_request> requests_for(const std::vector<wanted_object>& objects,
                                       call_limits limits = patience) {
  std::vector<read_request> requests;
  for (const wanted_object& w : objects) {
    requests.push_back({.object = &w.object, .where = w.landed.get(), .limits = limits});
  }
  return requests;
}

TEST(engine_batch, brings_everything_from_everybody) {
  for (const bool one_sided : {true, false}) {
    SCOPED_TRACE(one_sided ? "window" : "service");
    cluster all(three_peers(one_sided));
    const auto objects = put_everywhere(all, 150);  // more than are on the wire at a time
    auto requests = requests_for(objects);
    all[reader_id].get_batch(requests);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      ASSERT_OK(requests[i].outcome);
      EXPECT_EQ(one_sided ? path::window : path::service, requests[i].report.way);
      EXPECT_EQ(0U, count_wrong(objects[i].landed->payload(), objects[i].seed));
    }
  }
}

TEST(engine_batch, reads_are_on_the_wire_together) {
  cluster all(three_peers(true));
  const auto objects = put_everywhere(all, 24);
  all.fabric().hold_reads(reader_id, true);
  std::thread lets_go([&] {
    while (all.fabric().reads_pending() < 24) std::this_thread::yield();  // never, one after the other
    all.fabric().hold_reads(reader_id, false);
  });
  auto requests = requests_for(objects);
  all[reader_id].get_batch(requests);
  lets_go.join();
  for (const read_request& r : requests) EXPECT_STATUS(ok, r.outcome);
}

/// Makes no progress before so many messages of a batch are on their way.
class gathering_transport final : public passing_transport {
 public:
  gathering_transport(std::unique_ptr<transport> inner, std::atomic<int>& wanted) noexcept
      : passing_transport(std::move(inner)), wanted_(wanted) {}
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    --wanted_;
    return passing_transport::send(to, head, payload, cookie);
  }
  bool progress() noexcept override { return wanted_ <= 0 && passing_transport::progress(); }

 private:
  std::atomic<int>& wanted_;
};

TEST(engine_batch, questions_are_on_the_wire_together) {
  std::array<std::atomic<int>, 3> messages{};
  std::size_t next = 0;
  cluster_options wanted = three_peers(false);
  wanted.decorate = [&](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
    return std::make_unique<gathering_transport>(std::move(inner), messages[next++]);
  };
  cluster all(std::move(wanted));
  const auto objects = put_everywhere(all, 60);
  std::vector<key> of_others;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (i % 3 != reader_id) of_others.push_back(objects[i].object);
  }
  std::vector<key_request> requests;
  for (const key& object : of_others) requests.push_back({.object = &object});
  const auto first_window = [&] { messages[reader_id] = 32; };
  first_window();
  all[reader_id].exists_batch(requests, patience);
  for (const key_request& r : requests) {
    EXPECT_STATUS(ok, r.outcome);
    EXPECT_TRUE(r.exists);
  }
  first_window();
  all[reader_id].evict_batch(requests, patience);
  for (const key_request& r : requests) EXPECT_STATUS(ok, r.outcome);
  all[reader_id].exists_batch(requests, patience);
  for (const key_request& r : requests) {
    EXPECT_STATUS(ok, r.outcome);
    EXPECT_FALSE(r.exists);
  }
  all[reader_id].evict_batch(requests, patience);
  for (const key_request& r : requests) EXPECT_STATUS(stale, r.outcome);
}

TEST(engine_batch, questions_to_a_silent_producer_hold_up_no_others) {
  cluster_options wanted = three_peers(false);
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.progress_thread = peer != 2; };
  cluster all(wanted);
  auto objects = put_everywhere(all, 90);  // more than are asked after at a time, a third of them in vain
  objects[7].object = changed(objects[7].object, [](ticket& t) { t.incarnation = 99; });
  ASSERT_OK(all[1].evict(objects[4].object, patience));
  std::vector<key_request> requests;
  for (const wanted_object& w : objects) requests.push_back({.object = &w.object});
  const auto began = std::chrono::steady_clock::now();
  all[reader_id].exists_batch(requests, {1s});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "one deadline for all";
  for (std::size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    const errc expected = i == 7 ? errc::producer_lost : i % 3 == 2 ? errc::timeout : errc::ok;
    EXPECT_EQ(requests[i].outcome.code, expected);
    EXPECT_EQ(requests[i].exists, expected == errc::ok && i != 4);
  }
}

/// Knows of somebody who never tells who he is.
class hopeful_transport final : public passing_transport {
 public:
  using passing_transport::passing_transport;
  static constexpr peer_id nobody = 77;
  status introduce(std::string_view, std::uint64_t, peer_id& peer) noexcept override {
    peer = nobody;
    return {};
  }
  status meet(peer_id peer, bool& done) noexcept override {
    return peer == nobody ? status{} : passing_transport::meet(peer, done);
  }
};

TEST(engine_batch, who_cannot_be_met_takes_no_time_from_who_was_asked_before) {
  cluster_options wanted = three_peers(false);
  wanted.decorate = [](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
    return std::make_unique<hopeful_transport>(std::move(inner));
  };
  cluster all(std::move(wanted));
  all[reader_id].introduce("solo://nowhere.0000000000000063");
  auto objects = put_everywhere(all, 6);
  objects[3].object = changed(objects[3].object, [](ticket& t) { t.incarnation = 0x63; });
  std::vector<key_request> requests;
  for (const std::size_t i : {1U, 2U, 3U}) requests.push_back({.object = &objects[i].object});
  all[reader_id].evict_batch(requests, {500ms});
  EXPECT_STATUS(ok, requests[0].outcome);
  EXPECT_STATUS(ok, requests[1].outcome);
  EXPECT_STATUS(timeout, requests[2].outcome);
}

TEST(engine_batch, each_object_has_its_own_fate) {
  for (const bool one_sided : {true, false}) {
    SCOPED_TRACE(one_sided ? "window" : "service");
    cluster all(three_peers(one_sided));
    auto objects = put_everywhere(all, 30);
    ASSERT_OK(all[1].evict(objects[4].object, patience));
    objects[7].object = changed(objects[7].object, [](ticket& t) { t.incarnation = 99; });
    objects[8].object = changed(objects[8].object, [](ticket& t) { t.offset = std::uint64_t{1} << 40U; });
    objects[11].landed->refuse = true;
    auto requests = requests_for(objects);
    all[reader_id].get_batch(requests);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      SCOPED_TRACE(i);
      switch (i) {
        case 4: EXPECT_STATUS(stale, requests[i].outcome); break;
        case 7: EXPECT_STATUS(producer_lost, requests[i].outcome); break;
        case 8: EXPECT_STATUS(corrupt, requests[i].outcome); break;
        case 11: EXPECT_STATUS(out_of_memory, requests[i].outcome); break;
        default:
          EXPECT_STATUS(ok, requests[i].outcome);
          EXPECT_EQ(0U, count_wrong(objects[i].landed->payload(), objects[i].seed));
      }
    }
  }
}

TEST(engine_batch, a_silent_producer_costs_its_own_objects_only) {
  cluster_options wanted = three_peers(false);
  wanted.of_peer = [](std::size_t peer, options& mine) { mine.progress_thread = peer != 2; };
  cluster all(wanted);
  const auto objects = put_everywhere(all, 60);
  auto requests = requests_for(objects);
  for (std::size_t i = 2; i < requests.size(); i += 3) requests[i].limits = 20ms;
  all[reader_id].get_batch(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i % 3 == 2) {
      EXPECT_STATUS(timeout, requests[i].outcome);
    } else {
      EXPECT_STATUS(ok, requests[i].outcome);
    }
  }
}

TEST(engine_batch, room_for_a_batch_is_all_or_nothing) {
  cluster all(three_peers(true));
  const std::vector<std::uint64_t> sizes{300'000, 300'000, 600'000};  // more than a MiB
  std::vector<reservation> rooms(3);
  EXPECT_STATUS(out_of_memory, all[0].reserve_batch(sizes, 0ns, rooms));
  ASSERT_OK(all[0].reserve_batch(std::span(sizes).first(2), 0ns, std::span(rooms).first(2)));
  std::vector<key> made(2);
  ASSERT_OK(all[0].publish_batch(std::span(rooms).first(2), type_id{1}, made));
  EXPECT_NE(made[0], made[1]);
}

TEST(engine_cancel, a_waiting_get_ends_when_it_is_asked_to) {
  for (const bool one_sided : {true, false}) {
    SCOPED_TRACE(one_sided ? "window" : "service");
    cluster all(three_peers(one_sided));
    const key object = put(all[1], 5000, 1);
    all.fabric().hold_reads(reader_id, true);
    all.fabric().hold_messages(reader_id, true);
    std::stop_source stop;
    const memory_landing_ptr landed = make_landing();
    read_report report;
    status outcome;
    std::thread reads([&] {
      outcome = all[reader_id].get(object, *landed, call_limits(patience, stop.get_token()), report);
    });
    stop.request_stop();
    reads.join();
    EXPECT_STATUS(cancelled, outcome);
    EXPECT_EQ(one_sided, counters_of(all[reader_id]).quarantined_bytes > 0);
    all.fabric().hold_reads(reader_id, false);
    all.fabric().hold_messages(reader_id, false);
    expect_bytes(all[reader_id], object, 1);
    while (counters_of(all[reader_id]).quarantined_bytes > 0) std::this_thread::yield();
  }
}

TEST(engine_cancel, asking_and_evicting_elsewhere_can_be_cancelled_too) {
  cluster all(three_peers(false));
  const key object = put(all[1], 100, 1);
  all.fabric().hold_messages(1, true);
  std::stop_source stop;
  stop.request_stop();
  bool answer = false;
  EXPECT_STATUS(cancelled, all[reader_id].exists(object, call_limits(patience, stop.get_token()), answer));
  EXPECT_STATUS(cancelled, all[reader_id].evict(object, call_limits(patience, stop.get_token())));
  all.fabric().hold_messages(1, false);
}

}  // namespace
}  // namespace farhold::rma
