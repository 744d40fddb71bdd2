// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// How often the bytes of an object are copied by each path, counted where they come out of the producer's
// memory and where they land: never for a view, once from mapped memory, once by the wire.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "rma/passing_transport.hpp"

namespace farhold::rma {
namespace {

constexpr std::uint64_t length = 200'000;
constexpr peer_id producer_id = 0;
constexpr peer_id consumer_id = 1;

/// What passes through a fabric, in bytes.
struct traffic {
  std::atomic<std::uint64_t> read{0};             ///< by one-sided reads
  std::atomic<std::uint64_t> payload{0};          ///< of messages
  std::atomic<const std::byte*> landed{nullptr};  ///< where the first read went to
};

class counting_transport final : public passing_transport {
 public:
  counting_transport(std::unique_ptr<transport> inner, traffic& seen) noexcept
      : passing_transport(std::move(inner)), seen_(seen) {}

  status open(byte_span memory, byte_view card, status outcome, transport_listener& listener,
              std::chrono::nanoseconds timeout) noexcept override {
    arena_ = memory;
    return passing_transport::open(memory, card, outcome, listener, timeout);
  }
  status start(remote_read& read) noexcept override {
    if (seen_.read == 0) seen_.landed = read.destination;
    seen_.read += read.size_bytes;
    return passing_transport::start(read);
  }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    const status s = passing_transport::send(to, head, payload, cookie);
    if (!s.ok() || payload.empty()) return s;
    // Nothing else has payload: it is the object's own bytes, in the arena, and no copy of them.
    EXPECT_GE(payload.data(), arena_.data());
    EXPECT_LE(payload.data() + payload.size(), arena_.data() + arena_.size());
    seen_.payload += payload.size();
    return s;
  }

 private:
  traffic& seen_;
  byte_span arena_;
};

class copies : public ::testing::Test {
 protected:
  /// Two processes that reach each other so.
  void connect(same_host nearby, bool one_sided) {
    cluster_options wanted;
    wanted.fabric.one_sided = one_sided;
    wanted.engine.same_host = nearby;
    wanted.engine.validation = validation::recheck;
    wanted.decorate = [this](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
      return std::make_unique<counting_transport>(std::move(inner), seen);
    };
    both.emplace(std::move(wanted));
    object = put((*both)[producer_id], length, 1);
  }
  /// Reads it, as a view if that is wanted and can be had.
  void read(bool as_view = false) {
    landed->view = as_view;
    read_report report;
    ASSERT_OK((*both)[consumer_id].get(object, *landed, patience, report));
    way = report.way;
    EXPECT_EQ(length, landed->payload().size());
    EXPECT_EQ(0U, count_wrong(landed->payload(), 1));
  }

  traffic seen;
  std::optional<cluster> both;
  key object;
  memory_landing_ptr landed = make_landing();
  path way = path::local;
};

TEST_F(copies, of_a_view_there_are_none) {
  connect(same_host::automatic, true);
  read(true);
  EXPECT_EQ(1, landed->shown);
  EXPECT_EQ(0, landed->prepared + landed->filled) << "no memory was asked for, and none filled";
  EXPECT_EQ(0U, seen.read + seen.payload);
  landed->let_go();
}

TEST_F(copies, out_of_mapped_memory_there_is_one) {
  connect(same_host::automatic, true);
  read();
  EXPECT_EQ(path::mapped, way);
  EXPECT_EQ(1, landed->filled) << "from the mapping into the object";
  EXPECT_EQ(0, landed->prepared);
  EXPECT_EQ(0U, seen.read + seen.payload);
}

TEST_F(copies, by_the_kernel_there_is_one) {
  FARHOLD_NEEDS_CMA();
  connect(same_host::cma, true);
  read();
  EXPECT_EQ(path::cma, way);
  EXPECT_EQ(1, landed->prepared) << "the kernel writes into the object";
  EXPECT_EQ(0, landed->filled);
  EXPECT_EQ(0U, seen.read + seen.payload);
}

TEST_F(copies, by_a_window_there_is_one) {
  connect(same_host::off, true);
  read();
  EXPECT_EQ(path::window, way);
  EXPECT_EQ(1, landed->prepared);
  EXPECT_EQ(0, landed->filled);
  EXPECT_EQ(landed->payload().data(), seen.landed) << "the fabric writes into the object";
  EXPECT_EQ(block_bytes(length) + sizeof(trailer), seen.read)
      << "all of it once, and a second look at its end";
  EXPECT_EQ(0U, seen.payload);
}

TEST_F(copies, by_the_service_there_is_one) {
  connect(same_host::off, false);
  read();
  EXPECT_EQ(path::service, way);
  EXPECT_EQ(1, landed->prepared) << "what arrives is put into the object";
  EXPECT_EQ(0, landed->filled);
  EXPECT_EQ(length, seen.payload) << "each byte is sent once, from the arena";
  EXPECT_EQ(0U, seen.read);
}

}  // namespace
}  // namespace farhold::rma
