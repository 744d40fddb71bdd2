// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/fault.hpp>

#include "rma/cluster.hpp"
#include "rma/passing_transport.hpp"

// The real engine over a fabric of threads with faults in between, while blocks are evicted and reused.

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

struct tally {
  std::uint64_t right = 0, stale = 0, failed = 0, wrong = 0;
};

/// What passes at one side of the faults, of all engines together.
struct traffic {
  std::atomic<std::uint64_t> reads{0}, sends{0}, messages{0};
  std::atomic<std::uint64_t> late{0};  ///< messages that come when none is coming in beneath
};
thread_local bool one_is_coming_in = false;

class counting_transport final : public passing_transport {
 public:
  enum class side : std::uint8_t { above, beneath };
  counting_transport(std::unique_ptr<transport> inner, traffic& seen, side where) noexcept
      : passing_transport(std::move(inner)), seen_(seen), where_(where) {}

  status start(remote_read& read) noexcept override {
    ++seen_.reads;
    return passing_transport::start(read);
  }
  status send(peer_id to, byte_view head, byte_view payload, std::uint64_t cookie) noexcept override {
    const status s = passing_transport::send(to, head, payload, cookie);
    if (s.ok()) ++seen_.sends;
    return s;
  }

 private:
  void on_message(peer_id from, byte_view message) noexcept override {
    ++seen_.messages;
    if (where_ == side::above) {
      if (!one_is_coming_in) ++seen_.late;
      passing_transport::on_message(from, message);
    } else {
      one_is_coming_in = true;
      passing_transport::on_message(from, message);
      one_is_coming_in = false;
    }
  }

  traffic& seen_;
  side where_;
};

/// A consumer reads what a producer puts, evicts and reuses, under a plan, by batches that may take `limit`.
tally run(const fault::plan& what, bool one_sided, std::chrono::milliseconds limit, traffic& above,
          traffic& beneath) {
  constexpr std::uint64_t length = 3000;
  constexpr int rounds = 60;
  cluster_options wanted;
  wanted.fabric.one_sided = one_sided;
  wanted.fabric.chunk_bytes = 1000;
  wanted.engine.arena_bytes = 64 << 10U;
  wanted.engine.grace = 1ms;
  using side = counting_transport::side;
  wanted.decorate = [&](std::unique_ptr<transport> inner) -> std::unique_ptr<transport> {
    auto counted = std::make_unique<counting_transport>(std::move(inner), beneath, side::beneath);
    return std::make_unique<counting_transport>(fault::transport(std::move(counted), what), above,
                                                side::above);
  };
  cluster both(wanted);
  engine& producer = both[0];
  engine& consumer = both[1];
  tally all;
  for (int round = 0; round < rounds; ++round) {
    std::vector<key> objects;
    std::vector<memory_landing_ptr> landings;
    for (std::uint64_t i = 0; i < 8; ++i) {
      objects.push_back(put(producer, length, static_cast<std::uint64_t>(round) * 8 + i));
      landings.push_back(make_landing());
    }
    std::thread evicts([&] {
      for (std::size_t i = 0; i < 8; i += 2) EXPECT_STATUS(ok, producer.evict(objects[i], patience));
    });
    std::vector<read_request> requests;
    for (std::size_t i = 0; i < 8; ++i) {
      requests.push_back({.object = &objects[i], .where = landings[i].get(), .limits = limit});
    }
    consumer.get_batch(requests);
    evicts.join();
    for (std::size_t i = 0; i < 8; ++i) {
      const errc code = requests[i].outcome.code;
      if (code == errc::ok) {
        const bool good = count_wrong(landings[i]->payload(), static_cast<std::uint64_t>(round) * 8 + i) == 0;
        ++(good ? all.right : all.wrong);
      } else {
        ++(code == errc::stale ? all.stale : all.failed);
      }
    }
    for (std::size_t i = 1; i < 8; i += 2) EXPECT_STATUS(ok, producer.evict(objects[i], patience));
    wait_for_room(producer, 8 * 4096);
  }
  return all;
}

/// Runs it both ways, and sees that what was planned did happen.
void expect_no_wrong_byte(const fault::plan& what, bool failures_expected) {
  for (const bool one_sided : {true, false}) {
    SCOPED_TRACE(one_sided ? "window" : "service");
    traffic above, beneath;
    // Where failures are part of the plan few should be waited for; where none is, none may come of a slow
    // machine.
    const tally all = run(what, one_sided, failures_expected ? 20ms : patience, above, beneath);
    EXPECT_EQ(0U, all.wrong);
    EXPECT_GT(all.right, 0U);
    EXPECT_EQ(60U * 8U, all.right + all.stale + all.failed);
    if (!failures_expected) {
      EXPECT_EQ(0U, all.failed);
    }
    if (what.fail > 0 || what.truncate > 0) {
      EXPECT_GT(all.failed, 0U);
    }
    if (what.tear > 0 && one_sided) {
      EXPECT_GT(beneath.reads, above.reads) << "halves";
    }
    if (one_sided) continue;  // in which there are few messages
    if (what.drop > 0) {
      EXPECT_LT(beneath.sends, above.sends);
    }
    if (what.duplicate > 0) {
      EXPECT_GT(above.messages, beneath.messages);
    }
    if (what.delay > 0 || what.reorder > 0) {
      EXPECT_GT(above.late, 0U);
    } else {
      EXPECT_EQ(above.late, 0U);
    }
  }
}

TEST(fault_engine, nothing_injected_nothing_fails) { expect_no_wrong_byte({}, false); }
TEST(fault_engine, refused_calls) { expect_no_wrong_byte({.seed = 3, .fail = 0.05}, true); }
TEST(fault_engine, torn_reads) { expect_no_wrong_byte({.seed = 4, .tear = 0.5}, true); }
TEST(fault_engine, cut_reads_and_messages) { expect_no_wrong_byte({.seed = 5, .truncate = 0.1}, true); }
TEST(fault_engine, messages_that_come_twice) { expect_no_wrong_byte({.seed = 6, .duplicate = 0.3}, false); }
TEST(fault_engine, lost_completions_and_messages) {
  expect_no_wrong_byte({.seed = 7, .drop = 0.05, .lost_time = 50ms}, true);
}
TEST(fault_engine, late_and_out_of_order) {
  expect_no_wrong_byte({.seed = 8, .delay = 0.1, .reorder = 0.1}, true);
}
TEST(fault_engine, all_of_it) {
  expect_no_wrong_byte({.seed = 9,
                        .delay = 0.05,
                        .fail = 0.01,
                        .tear = 0.2,
                        .truncate = 0.02,
                        .duplicate = 0.1,
                        .drop = 0.01,
                        .reorder = 0.05,
                        .lost_time = 50ms},
                       true);
}

}  // namespace
}  // namespace farhold::rma
