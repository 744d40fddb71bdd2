// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Objects are evicted and their memory is reused as fast as it goes, under readers that check every byte.
// Each read is either whole or an error; with validation switched off, wrong bytes are found, so that this
// test can find them.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster.hpp"
#include "peer_process.hpp"
#include "residents.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t length = 8000;
constexpr std::size_t board_size = 8;

/// Whose time the reader goes by.
enum class clocks : std::uint8_t { real, half_as_fast, standing };

clock clock_of(clocks which) {
  switch (which) {
    case clocks::real: break;
    case clocks::half_as_fast:  // and of another origin
      return {.read = [](const void*) noexcept { return clock{}.now() / 2 + 3'600'000'000'000U; }};
    case clocks::standing:  // by which every read is short
      return {.read = [](const void*) noexcept { return std::uint64_t{7}; }};
  }
  return {};
}

struct way {
  std::string name;
  path expected;
  same_host local;
  bool one_sided = false;
  std::size_t reader = 1;  // 0: the producer itself
  validation mode = validation::recheck;
  std::chrono::nanoseconds grace = 0ns;
  way_in entry = way_in::copied;
  bool view = false;
  clocks time = clocks::real;
  bool backwards = false;  // the trailer arrives first: only time, or a second look, tells what came after it
};

const std::array ways{
    way{"own", path::mapped, same_host::automatic, false, 0},
    way{"own_1ms", path::mapped, same_host::automatic, false, 0, validation::recheck, 1ms},
    way{"service", path::service, same_host::off},
    way{"service_1ms", path::service, same_host::off, false, 1, validation::recheck, 1ms},
    way{"service_of_oneself", path::service, same_host::off, false, 0},
    way{"mapped", path::mapped, same_host::automatic},
    way{"mapped_1ms", path::mapped, same_host::automatic, false, 1, validation::recheck, 1ms},
    way{"cma", path::cma, same_host::cma},
    way{"cma_fast_1ms", path::cma, same_host::cma, false, 1, validation::fast, 1ms},
    way{"window", path::window, same_host::off, true},
    way{"window_fast_without_grace", path::window, same_host::off, true, 1, validation::fast},
    way{"window_fast_1ms", path::window, same_host::off, true, 1, validation::fast, 1ms},

    way{"own_born", path::mapped, same_host::automatic, false, 0, validation::recheck, 0ns, way_in::born},
    way{"mapped_born", path::mapped, same_host::automatic, false, 1, validation::recheck, 0ns, way_in::born},
    way{"cma_born_fast_1ms", path::cma, same_host::cma, false, 1, validation::fast, 1ms, way_in::born},
    way{"window_born_fast_1ms", path::window, same_host::off, true, 1, validation::fast, 1ms, way_in::born},
    way{"service_born", path::service, same_host::off, false, 1, validation::recheck, 0ns, way_in::born},

    way{"own_adopted", path::mapped, same_host::automatic, false, 0, validation::recheck, 0ns,
        way_in::adopted},
    way{"mapped_adopted", path::cma, same_host::automatic, false, 1, validation::recheck, 0ns,
        way_in::adopted},
    way{"cma_adopted", path::cma, same_host::cma, false, 1, validation::fast, 0ns, way_in::adopted},
    way{"cma_adopted_1ms", path::cma, same_host::cma, false, 1, validation::fast, 1ms, way_in::adopted},
    way{"window_adopted", path::service, same_host::off, true, 1, validation::fast, 0ns, way_in::adopted},
    way{"service_adopted_1ms", path::service, same_host::off, false, 1, validation::recheck, 1ms,
        way_in::adopted},

    way{"own_lent", path::mapped, same_host::automatic, false, 0, validation::recheck, 1ms, way_in::lent},
    way{"mapped_lent", path::cma, same_host::automatic, false, 1, validation::recheck, 1ms, way_in::lent},
    way{"cma_lent", path::cma, same_host::cma, false, 1, validation::fast, 1ms, way_in::lent},
    way{"window_lent", path::service, same_host::off, true, 1, validation::fast, 1ms, way_in::lent},
    way{"service_lent", path::service, same_host::off, false, 1, validation::recheck, 0ns, way_in::lent},

    way{"own_view", path::mapped, same_host::automatic, false, 0, validation::recheck, 0ns, way_in::copied,
        true},
    way{"own_view_adopted", path::mapped, same_host::automatic, false, 0, validation::recheck, 0ns,
        way_in::adopted, true},
    way{"mapped_view", path::mapped, same_host::automatic, false, 1, validation::recheck, 0ns, way_in::copied,
        true},
    way{"mapped_view_born_1ms", path::mapped, same_host::automatic, false, 1, validation::recheck, 1ms,
        way_in::born, true},

    way{"window_fast_1ms_by_half_as_fast_a_clock", path::window, same_host::off, true, 1, validation::fast,
        1ms, way_in::copied, false, clocks::half_as_fast},
    way{"cma_fast_1ms_by_half_as_fast_a_clock", path::cma, same_host::cma, false, 1, validation::fast, 1ms,
        way_in::copied, false, clocks::half_as_fast},
    way{"window_1us_by_a_standing_clock", path::window, same_host::off, true, 1, validation::recheck, 1us,
        way_in::copied, false, clocks::standing},
    way{"cma_1us_by_a_standing_clock", path::cma, same_host::cma, false, 1, validation::recheck, 1us,
        way_in::copied, false, clocks::standing},

    way{"window_1ms_backwards", path::window, same_host::off, true, 1, validation::recheck, 1ms,
        way_in::copied, false, clocks::real, true},
    way{"window_fast_1ms_backwards", path::window, same_host::off, true, 1, validation::fast, 1ms,
        way_in::copied, false, clocks::real, true},
    way{"window_fast_1ms_backwards_by_half_as_fast_a_clock", path::window, same_host::off, true, 1,
        validation::fast, 1ms, way_in::copied, false, clocks::half_as_fast, true},
    way{"window_1us_backwards_by_a_standing_clock", path::window, same_host::off, true, 1,
        validation::recheck, 1us, way_in::copied, false, clocks::standing, true},
};
/// What the protocol excludes: a reader that goes by a clock which stands.
const std::array fooled_ways{
    way{"window_fast_1us_backwards_by_a_standing_clock", path::window, same_host::off, true, 1,
        validation::fast, 1us, way_in::copied, false, clocks::standing, true},
};

struct tally {
  std::atomic<std::uint64_t> whole{0};
  std::atomic<std::uint64_t> stale{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> other{0};
};

/// Where writers leave keys for readers.
class board {
 public:
  struct entry {
    key object;
    std::uint64_t seed = 0;
  };
  entry exchange(std::size_t at, const entry& fresh) {
    const std::scoped_lock lock(mutex_);
    return std::exchange(entries_[at], fresh);
  }
  entry look(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    return entries_[at];
  }

 private:
  std::mutex mutex_;
  std::array<entry, board_size> entries_;
};

class staleness : public ::testing::TestWithParam<way> {
 protected:
  static cluster_options wanted() {
    cluster_options options;
    options.fabric.one_sided = GetParam().one_sided;
    options.fabric.chunk_bytes = 1000;  // reads and reuse meet between two chunks
    options.fabric.backwards = GetParam().backwards;
    options.engine.same_host = GetParam().local;
    options.engine.validation = GetParam().mode;
    options.engine.grace = GetParam().grace;
    options.engine.arena_bytes = (board_size + 4) * 8192;  // little room: it is reused at once
    options.of_peer = [](std::size_t peer, rma::options& mine) {
      if (peer == 1) mine.time = clock_of(GetParam().time);
    };
    return options;
  }

  /// False if there is no room at the moment.
  bool publish(engine& producer, std::uint64_t seed, key& object) {
    if (GetParam().entry == way_in::copied) {
      reservation room;
      if (!producer.reserve(length, 1s, room).ok()) return false;
      fill_pattern(room.memory, seed);
      EXPECT_STATUS(ok, producer.publish(room, type_id{1}, object));
      return true;
    }
    std::unique_ptr<user_memory> mine;
    try {
      mine = GetParam().entry == way_in::born
                 ? std::make_unique<user_memory>(length, seed, released, producer.memory())
                 : std::make_unique<user_memory>(length, seed, released);
    } catch (const std::bad_alloc&) {
      return false;
    }
    const status s = producer.adopt(mine->as_resident(GetParam().entry == way_in::lent), type_id{1}, object);
    if (s.ok()) {
      static_cast<void>(mine.release());
      ++adopted;
    }
    return s.ok();
  }

  void write(std::size_t writer) {
    engine& producer = both[0];
    for (std::uint64_t round = 1; !done; ++round) {
      board::entry fresh{{}, 2 * round + writer};
      if (!publish(producer, fresh.seed, fresh.object))
        continue;  // full of memory in its grace period, or pinned
      const board::entry old = objects.exchange((round + writer * board_size / 2) % board_size, fresh);
      if (!old.object.empty()) {
        // What is lent is waited for.
        const status s = producer.evict(old.object, GetParam().entry == way_in::lent ? patience : 0ns);
        EXPECT_TRUE(s.ok() || s.code == errc::stale);  // a reader was first
      }
    }
    done = true;
  }

  void read(std::uint64_t seed, std::uint64_t least, std::uint64_t most) {
    engine& consumer = both[GetParam().reader];
    std::mt19937_64 random(seed);
    for (std::uint64_t i = 0; i < most && !(i >= least && seen.whole > 0 && seen.stale > 0); ++i) {
      const board::entry wanted = objects.look(random() % board_size);
      if (wanted.object.empty()) continue;
      if (random() % 4 == 0) std::this_thread::yield();  // so that it may be gone
      got found;
      found.landed->view = GetParam().view;
      read_report report;
      found.outcome = consumer.get(wanted.object, *found.landed, patience, report);
      found.way = report.way;
      if (found.outcome.code == errc::stale) {
        ++seen.stale;
      } else if (!found.outcome.ok()) {
        ++seen.other;
        if (!wrong_is_expected) ADD_FAILURE() << to_string(found.outcome.code) << " " << found.outcome.where;
      } else {
        EXPECT_EQ(GetParam().expected, found.way);
        ++(count_wrong(found.landed->payload(), wanted.seed) == 0 ? seen.whole : seen.wrong);
        if (wrong_is_expected && seen.wrong > 0) return;
      }
      if (random() % 64 == 0) static_cast<void>(consumer.evict(wanted.object, patience));
    }
  }

  void run(std::uint64_t least, std::uint64_t most) {
    both.fabric().between_chunks([](const remote_read&, std::uint64_t moved) {
      if (moved % 3000 == 0) std::this_thread::yield();
    });
    std::thread first([&] { write(0); }), second([&] { write(1); });
    on_threads(3, [&](std::size_t reader) { read(reader, least, most); });
    done = true;
    first.join();
    second.join();
    for (const auto& [name, count] :
         {std::pair{"whole", &seen.whole}, {"stale", &seen.stale}, {"wrong", &seen.wrong}}) {
      RecordProperty(name, std::to_string(*count));
    }
    RecordProperty("reused_during_read",
                   std::to_string(counters_of(both[GetParam().reader]).reused_during_read));
  }

  std::atomic<int> released{0};  // beyond the engines, who release what is left at their end
  cluster both{wanted()};
  board objects;
  tally seen;
  std::atomic<bool> done{false};
  std::atomic<int> adopted{0};
  bool wrong_is_expected = false;  // and enough, once
};

std::string name_of(const ::testing::TestParamInfo<way>& chosen) { return chosen.param.name; }
INSTANTIATE_TEST_SUITE_P(paths, staleness, ::testing::ValuesIn(ways), name_of);

/// Those ways on which a consumer validates; on the others the producer's pin leaves nothing to switch off.
std::vector<way> validated_ways() {
  std::vector<way> chosen;
  for (const way& w : ways) {
    if (w.reader != 0 && w.expected != path::service) chosen.push_back(w);
  }
  return chosen;
}
using staleness_unseen = staleness;
INSTANTIATE_TEST_SUITE_P(paths, staleness_unseen, ::testing::ValuesIn(validated_ways()), name_of);

TEST_P(staleness, every_read_is_whole_or_an_error) {
  run(500, 1'000'000);
  EXPECT_EQ(0U, seen.wrong);
  EXPECT_EQ(0U, seen.other);
  EXPECT_GT(seen.whole, 0U);
  EXPECT_GT(seen.stale, 0U);
  for (const status& s : both.close(patience)) EXPECT_STATUS(ok, s);
  EXPECT_EQ(adopted, released);
}

TEST_P(staleness_unseen, wrong_bytes_would_be_found) {
  testing::accept_everything = true;
  wrong_is_expected = true;
  run(1'000'000, 1'000'000);
  testing::accept_everything = false;
  EXPECT_GT(seen.wrong, 0U);
}

using staleness_fooled = staleness;
INSTANTIATE_TEST_SUITE_P(paths, staleness_fooled, ::testing::ValuesIn(fooled_ways), name_of);

/// Time is what keeps `fast` right, and these tests see it.
TEST_P(staleness_fooled, a_clock_that_stands_would_be_found_out) {
  wrong_is_expected = true;
  run(1'000'000, 1'000'000);
  EXPECT_GT(seen.wrong, 0U);
}

// ---- between processes

class between_processes : public ::testing::TestWithParam<same_host> {
 protected:
  void run(std::uint64_t count) {
    if (GetParam() == same_host::cma) FARHOLD_NEEDS_CMA();
    constexpr std::size_t live = 30;
    peer_process producer((live + 2) * 8192, 0);
    peer_memory memory;
    const auto access = memory.attach(producer.description, GetParam());
    ASSERT_NE(access, peer_memory::access::none);
    producer.say("churn " + std::to_string(length) + " " + std::to_string(count) + " " +
                 std::to_string(live));
    const read_rules rules{validation::recheck, 0, {}};
    for (std::uint64_t seed = 0; seed < count; ++seed) {
      const ticket object = peer_process::to_ticket(producer.line());
      const memory_landing_ptr landed = make_landing();
      const status s = access == peer_memory::access::mapped
                           ? read_mapped(memory.mapped().subspan(object.offset, block_bytes(length)), object,
                                         *landed, counters)
                           : read_remote(object, *landed, rules, counters, [&](const piece& wanted) noexcept {
                               return memory.read(wanted.offset, wanted.to, wanted.size_bytes, wanted.rest);
                             });
      if (!s.ok()) {
        EXPECT_STATUS(stale, s);
        ++seen.stale;
      } else {
        ++(count_wrong(landed->payload(), seed) == 0 ? seen.whole : seen.wrong);
      }
    }
    EXPECT_EQ("done", producer.line());
    RecordProperty("whole", std::to_string(seen.whole));
    RecordProperty("stale", std::to_string(seen.stale));
    RecordProperty("wrong", std::to_string(seen.wrong));
    RecordProperty("reused_during_read", std::to_string(counters.reused_during_read));
  }

  read_counters counters;
  tally seen;
};

INSTANTIATE_TEST_SUITE_P(paths, between_processes, ::testing::Values(same_host::automatic, same_host::cma),
                         [](const auto& wish) { return wish.param == same_host::cma ? "cma" : "mapped"; });

TEST_P(between_processes, every_read_is_whole_or_an_error) {
  run(5000);
  if (IsSkipped()) return;
  EXPECT_EQ(0U, seen.wrong);
  EXPECT_GT(seen.whole, 0U);
  EXPECT_GT(seen.stale, 0U);
}

TEST_P(between_processes, wrong_bytes_would_be_found) {
  testing::accept_everything = true;
  run(5000);
  testing::accept_everything = false;
  if (IsSkipped()) return;
  EXPECT_GT(seen.wrong, 0U);
}

}  // namespace
}  // namespace farhold::rma
