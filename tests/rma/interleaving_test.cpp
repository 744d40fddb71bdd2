// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Every interleaving of a producer that evicts and reuses a block with a consumer that reads it, on a memory
// of a few words and a clock of a few ticks. The consumer is the real `read_remote` or `read_mapped`: it
// stops before each clock reading and each word that it reads, and there the schedule says who goes on. The
// producer does what blocks::evict and blocks::reclaim do, step by step, so that steps can be left out or
// exchanged to see what they are for. What cannot be ordered like this (stores that others see late, pins) is
// modelled in tests/model.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "rma/validation.hpp"

namespace farhold::rma {
namespace {

/// Goes through all sequences of choices; each run begins at the start, so that no state need be kept.
class schedule {
 public:
  /// One of `ways`, the next one when the earlier ones have been tried.
  std::size_t choose(std::size_t ways) {
    if (at_ == taken_.size()) taken_.push_back({0, ways});
    return taken_[at_++].way;
  }
  /// Prepares the next run; false after the last.
  bool next() {
    at_ = 0;
    while (!taken_.empty() && taken_.back().way + 1 == taken_.back().ways) taken_.pop_back();
    if (taken_.empty()) return false;
    ++taken_.back().way;
    return true;
  }

 private:
  struct choice {
    std::size_t way;
    std::size_t ways;
  };
  std::vector<choice> taken_;
  std::size_t at_ = 0;
};

struct rules_of_the_game {
  std::uint64_t believed_grace = 4;  // the consumer's, in ticks
  std::uint64_t kept_grace = 4;      // the producer's
  validation mode = validation::fast;
  bool stamp_before_clearing = false;  // the producer's mistake
  std::uint64_t ticks = 6;             // that may pass in one run
  std::uint64_t slowness = 1;          // of the consumer's clock: ticks of the producer's for one of its own
};

constexpr std::uint64_t stopped = 1000;  // so slow that no run sees it go

struct outcome {
  std::uint64_t runs = 0;
  std::uint64_t right = 0;  // accepted
  std::uint64_t wrong = 0;  // accepted
  std::uint64_t stale = 0;
  std::uint64_t second_looks = 0;
  std::uint64_t reused_during_read = 0;
};

constexpr std::uint64_t payload_bytes = 16;  // two words, so that a read can get one of each object

/// Copies word by word out of memory that changes meanwhile.
class slow_landing final : public landing {
 public:
  explicit slow_landing(std::function<void()> before_each) : before_each_(std::move(before_each)) {}
  std::byte* prepare(std::uint64_t /*size_bytes*/, std::uint64_t /*spare_bytes*/) noexcept override {
    return nullptr;
  }
  status fill(byte_view source) noexcept override {
    for (std::size_t i = 0; i < source.size(); i += 8) {
      before_each_();
      std::memcpy(bytes_.data() + i, source.data() + i, 8);
    }
    before_each_();  // the second look follows
    return {};
  }
  [[nodiscard]] byte_view payload() const noexcept { return bytes_; }

 private:
  std::function<void()> before_each_;
  std::array<std::byte, payload_bytes> bytes_{};
};

class world {
 public:
  world(schedule& order, const rules_of_the_game& rules) : order_(order), rules_(rules) {
    object_.incarnation = 7;
    object_.generation = 1;
    object_.length = payload_bytes;
    fill_pattern(memory_.span().first(payload_bytes), 1);
    publish_trailer(trailer_at(), object_);
  }

  void run(outcome& all) {
    const memory_landing_ptr landed = make_landing();
    read_counters counters;
    const read_rules rules{rules_.mode, rules_.believed_grace, {.read = stamp, .context = this}};
    const status s = read_remote(object_, *landed, rules, counters, [this](const piece& wanted) noexcept {
      get(wanted);
      return status{};
    });
    count(all, s, counters, landed->payload());
  }

  void run_mapped(outcome& all) {
    const boost::intrusive_ptr<slow_landing> landed(new slow_landing([this] { others(); }));
    read_counters counters;
    others();
    const status s =
        read_mapped(memory_.span().first(block_bytes(payload_bytes)), object_, *landed, counters);
    count(all, s, counters, landed->payload());
  }

 private:
  static void count(outcome& all, const status& s, const read_counters& counters, byte_view landed) {
    ++all.runs;
    all.second_looks += counters.second_looks;
    all.reused_during_read += counters.reused_during_read;
    if (!s.ok()) {
      ++all.stale;
    } else {
      ++(count_wrong(landed, 1) == 0 ? all.right : all.wrong);
    }
  }

  enum class step { clear, stamp, reuse_first_word, reuse_second_word, publish, none };

  static std::uint64_t stamp(const void* context) noexcept {
    auto& w = *static_cast<world*>(const_cast<void*>(context));
    w.others();
    return w.now_ / w.rules_.slowness + 1000;  // the consumer's clock has another origin
  }

  /// One read by the fabric: payload words and trailer arrive in any order.
  void get(const piece& wanted) {
    const std::uint64_t at = wanted.offset;
    std::array<piece, 3> parts{piece{at, wanted.to, 8, {}}, piece{at + 8, wanted.to + 8, 8, {}},
                               piece{at + payload_bytes, wanted.rest.data(), sizeof(trailer), {}}};
    std::size_t left = parts.size();
    if (wanted.rest.empty()) left = 1, parts[0] = {at, wanted.to, sizeof(trailer), {}};  // a second look
    while (left > 0) {
      std::swap(parts[order_.choose(left)], parts[left - 1]);
      const piece& part = parts[--left];
      others();
      std::memcpy(part.to, memory_.span().data() + part.offset, part.size_bytes);
    }
  }

  /// Time and the producer go on, as far as the schedule says.
  void others() {
    for (;;) {
      std::array<int, 3> possible{0, 0, 0};
      std::size_t ways = 1;  // 0: back to the consumer
      if (now_ < rules_.ticks) possible[ways++] = 1;
      if (next_step() != step::none) possible[ways++] = 2;
      switch (possible[order_.choose(ways)]) {
        case 0: return;
        case 1: ++now_; break;
        default: produce();
      }
    }
  }

  [[nodiscard]] step next_step() const {
    constexpr std::array right{step::clear,   step::stamp, step::reuse_first_word, step::reuse_second_word,
                               step::publish, step::none};
    constexpr std::array mistaken{step::stamp,   step::clear, step::reuse_first_word, step::reuse_second_word,
                                  step::publish, step::none};
    const step next = (rules_.stamp_before_clearing ? mistaken : right)[done_];
    // blocks::reclaim
    if (next == step::reuse_first_word && now_ - evicted_at_ < rules_.kept_grace) return step::none;
    return next;
  }

  void produce() {
    switch (next_step()) {
      case step::clear: clear_trailer(trailer_at()); break;
      case step::stamp: evicted_at_ = now_; break;
      case step::reuse_first_word: fill_word(0); break;
      case step::reuse_second_word: fill_word(8); break;
      case step::publish: {
        ticket heir = object_;
        heir.generation = 2;
        publish_trailer(trailer_at(), heir);
        break;
      }
      case step::none: break;
    }
    ++done_;
  }

  void fill_word(std::uint64_t at) {
    for (std::uint64_t i = at; i < at + 8; ++i) memory_.span()[i] = pattern(2, i);
  }
  std::byte* trailer_at() { return memory_.span().data() + payload_bytes; }

  schedule& order_;
  const rules_of_the_game& rules_;
  aligned_memory memory_{128};
  ticket object_;
  std::uint64_t now_ = 0;
  std::uint64_t evicted_at_ = 0;
  std::size_t done_ = 0;
};

outcome play(const rules_of_the_game& rules, void (world::*read)(outcome&) = &world::run) {
  schedule order;
  outcome all;
  do {
    world w(order, rules);
    (w.*read)(all);
  } while (order.next());
  ::testing::Test::RecordProperty("runs", std::to_string(all.runs));
  ::testing::Test::RecordProperty("right", std::to_string(all.right));
  ::testing::Test::RecordProperty("wrong", std::to_string(all.wrong));
  ::testing::Test::RecordProperty("stale", std::to_string(all.stale));
  return all;
}

TEST(interleaving, fast_accepts_no_wrong_bytes) {
  const outcome all = play({});
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.runs, 500'000U);
  EXPECT_GT(all.right, 0U);
  EXPECT_GT(all.stale, 0U);
  EXPECT_GT(all.second_looks, 0U);
  EXPECT_LT(all.second_looks, all.runs);
}

TEST(interleaving, recheck_accepts_no_wrong_bytes) {
  const outcome all = play({.mode = validation::recheck, .ticks = 4});
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.right, 0U);
  EXPECT_GT(all.stale, 0U);
}

TEST(interleaving, without_a_grace_period_fast_accepts_no_wrong_bytes) {
  const outcome all = play({.believed_grace = 0, .kept_grace = 0, .ticks = 1});
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.right, 0U);
}

TEST(interleaving, a_mapped_read_accepts_no_wrong_bytes) {
  const outcome all = play({.ticks = 4}, &world::run_mapped);
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.right, 0U);
  EXPECT_GT(all.reused_during_read, 0U);
  EXPECT_GT(all.stale, all.reused_during_read) << "some find the object gone at once";
}

// ---- what each rule is for

TEST(interleaving, a_mapped_read_needs_no_clock_and_no_grace_period) {
  const outcome all = play({.kept_grace = 0, .stamp_before_clearing = true, .ticks = 0}, &world::run_mapped);
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.reused_during_read, 0U);
}

TEST(interleaving, a_mapped_read_without_looks_accepts_wrong_bytes) {
  testing::accept_everything = true;
  const outcome all = play({.kept_grace = 0, .ticks = 0}, &world::run_mapped);
  testing::accept_everything = false;
  EXPECT_GT(all.wrong, 0U);
  EXPECT_EQ(0U, all.stale);
}

TEST(interleaving, fast_accepts_no_wrong_bytes_by_a_clock_that_goes_half_as_fast) {
  const outcome all = play({.ticks = 5, .slowness = 2});
  EXPECT_EQ(0U, all.wrong);
  EXPECT_GT(all.right, 0U);
}

TEST(interleaving, fast_accepts_wrong_bytes_by_a_clock_that_goes_slower_than_that) {
  EXPECT_GT(play({.ticks = 4, .slowness = 4}).wrong, 0U);
}

TEST(interleaving, fast_accepts_wrong_bytes_by_a_clock_that_stops_and_recheck_does_not) {
  EXPECT_GT(play({.ticks = 4, .slowness = stopped}).wrong, 0U);
  EXPECT_EQ(0U, play({.mode = validation::recheck, .ticks = 4, .slowness = stopped}).wrong);
}

TEST(interleaving, recheck_needs_no_clock_and_no_grace_period) {
  EXPECT_EQ(0U, play({.kept_grace = 0, .mode = validation::recheck, .ticks = 1}).wrong);
  EXPECT_EQ(
      0U,
      play({.kept_grace = 0, .mode = validation::recheck, .stamp_before_clearing = true, .ticks = 1}).wrong);
}

TEST(interleaving, fast_accepts_wrong_bytes_of_a_producer_that_keeps_no_grace_period) {
  EXPECT_GT(play({.kept_grace = 0, .ticks = 1}).wrong, 0U);
}

TEST(interleaving, fast_accepts_wrong_bytes_of_a_producer_whose_grace_period_is_shorter_than_believed) {
  EXPECT_GT(play({.believed_grace = 6, .kept_grace = 2, .ticks = 3}).wrong, 0U);
}

TEST(interleaving, fast_accepts_wrong_bytes_of_a_producer_that_reads_the_clock_before_it_clears) {
  EXPECT_GT(play({.stamp_before_clearing = true, .ticks = 5}).wrong, 0U);
}

}  // namespace
}  // namespace farhold::rma
