// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "rma/validation.hpp"

#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;

constexpr auto grace = 100ms;
constexpr std::uint64_t payload_at = 4096;
constexpr std::uint64_t length = 1001;

/// One object in a producer's memory, and what the producer may do to it.
class producer {
 public:
  explicit producer(std::uint64_t payload_bytes = length, std::uint64_t seed = 1) {
    object_.incarnation = 7;
    object_.generation = 42;
    object_.offset = payload_at;
    object_.length = payload_bytes;
    object_.type = type_id{9};
    fill_pattern(payload(), seed);
    publish_trailer(trailer_at(), object_);
  }

  [[nodiscard]] const ticket& object() const { return object_; }
  [[nodiscard]] byte_view memory() const { return memory_.span(); }
  [[nodiscard]] byte_span payload() { return memory_.span().subspan(payload_at, object_.length); }
  [[nodiscard]] std::byte* trailer_at() {
    return memory_.span().data() + payload_at + trailer_offset(object_.length);
  }
  [[nodiscard]] byte_view block() const { return memory().subspan(payload_at, block_bytes(object_.length)); }

  void evict() { clear_trailer(trailer_at()); }
  /// What the memory looks like when the next object has it.
  void reuse() {
    evict();
    fill_pattern(payload(), 1000);
    ticket heir = object_;
    heir.generation = 43;
    publish_trailer(trailer_at(), heir);
  }
  void overwrite_trailer(const std::function<void(trailer&)>& change) {
    trailer t = load_trailer(trailer_at());
    change(t);
    std::memcpy(trailer_at(), &t, sizeof t);
  }

 private:
  aligned_memory memory_{1U << 20U};
  ticket object_;
};

/// A consumer whose reads take as long, and meet what, the test says.
class consumer {
 public:
  struct one_read {
    std::uint64_t offset;
    std::uint64_t bytes;
  };

  explicit consumer(producer& from, validation mode = validation::fast) : from_(from) {
    rules.mode = mode;
    rules.grace_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(grace).count());
    rules.time = time.as_clock();
  }

  status read() {
    return read_remote(from_.object(), *landed, rules, counters,
                       [this](const piece& wanted) noexcept -> status {
                         reads.push_back({wanted.offset, wanted.size_bytes + wanted.rest.size()});
                         if (reads.size() == failing_read) return {errc::unreachable, 5, "read by order"};
                         if (reads.size() == 1 && before_first) before_first();
                         const std::byte* const at = from_.memory().data() + wanted.offset;
                         std::memcpy(wanted.to, at, wanted.size_bytes);
                         std::copy_n(at + wanted.size_bytes, wanted.rest.size(), wanted.rest.data());
                         if (reads.size() == 1 && after_first) after_first();
                         return {};
                       });
  }

  fake_time time;
  read_rules rules;
  read_counters counters;
  memory_landing_ptr landed = make_landing();
  std::vector<one_read> reads;
  std::size_t failing_read = 0;
  std::function<void()> before_first;
  std::function<void()> after_first;  // the first read has landed and not yet returned

 private:
  producer& from_;
};

#define EXPECT_COUNTERS(c, reused, looks)           \
  EXPECT_EQ(reused, (c).reused_during_read.load()); \
  EXPECT_EQ(looks, (c).second_looks.load())

TEST(read_remote, brings_payloads_of_every_length) {
  for (std::uint64_t bytes = 0; bytes < 130; ++bytes) {
    producer p(bytes, bytes);
    consumer c(p);
    ASSERT_OK(c.read());
    ASSERT_EQ(bytes, c.landed->payload().size());
    ASSERT_EQ(0U, count_wrong(c.landed->payload(), bytes));
    ASSERT_EQ(1U, c.reads.size()) << "payload and trailer come in one read";
    ASSERT_EQ(payload_at, c.reads[0].offset);
    ASSERT_EQ(block_bytes(bytes), c.reads[0].bytes);
  }
}

TEST(read_remote, a_fast_read_under_half_the_grace_period_is_accepted_at_once) {
  producer p;
  consumer c(p);
  c.after_first = [&] { c.time.advance(grace / 2 - 1ns); };
  EXPECT_STATUS(ok, c.read());
  EXPECT_EQ(1U, c.reads.size());
  EXPECT_COUNTERS(c.counters, 0U, 0U);
}

TEST(read_remote, a_fast_read_of_half_the_grace_period_is_looked_at_again) {
  producer p;
  consumer c(p);
  c.after_first = [&] { c.time.advance(grace / 2); };
  EXPECT_STATUS(ok, c.read());
  ASSERT_EQ(2U, c.reads.size());
  EXPECT_EQ(payload_at + trailer_offset(length), c.reads[1].offset) << "the trailer alone";
  EXPECT_EQ(sizeof(trailer), c.reads[1].bytes);
  EXPECT_EQ(0U, count_wrong(c.landed->payload(), 1));
  EXPECT_COUNTERS(c.counters, 0U, 1U);
}

TEST(read_remote, the_time_of_the_read_is_what_counts_wherever_it_passes) {
  producer p;
  consumer c(p);
  c.before_first = [&] { c.time.advance(grace); };
  EXPECT_STATUS(ok, c.read());
  EXPECT_COUNTERS(c.counters, 0U, 1U);
}

TEST(read_remote, a_long_read_of_an_object_that_ended_meanwhile_is_stale) {
  for (const auto mode : {validation::fast, validation::recheck}) {
    producer p;
    consumer c(p, mode);
    c.after_first = [&] {
      c.time.advance(grace);
      p.evict();
    };
    EXPECT_STATUS(stale, c.read());
    EXPECT_COUNTERS(c.counters, 1U, 1U);
  }
}

TEST(read_remote, a_long_read_of_memory_that_was_reused_meanwhile_is_stale) {
  for (const auto mode : {validation::fast, validation::recheck}) {
    producer p;
    consumer c(p, mode);
    c.after_first = [&] {
      c.time.advance(grace);
      p.reuse();
    };
    EXPECT_STATUS(stale, c.read());
    EXPECT_COUNTERS(c.counters, 1U, 1U);
  }
}

TEST(read_remote, recheck_always_looks_again) {
  producer p;
  consumer c(p, validation::recheck);
  EXPECT_STATUS(ok, c.read());
  EXPECT_EQ(2U, c.reads.size());
  EXPECT_COUNTERS(c.counters, 0U, 1U);

  consumer late(p, validation::recheck);
  late.after_first = [&] { p.evict(); };  // no time passes at all
  EXPECT_STATUS(stale, late.read());
  EXPECT_COUNTERS(late.counters, 1U, 1U);
}

TEST(read_remote, without_a_grace_period_every_read_is_looked_at_again) {
  producer p;
  consumer c(p, validation::fast);
  c.rules.grace_ns = 0;
  EXPECT_STATUS(ok, c.read());
  EXPECT_COUNTERS(c.counters, 0U, 1U);
  c.rules.grace_ns = 1;
  EXPECT_STATUS(ok, c.read());
  EXPECT_COUNTERS(c.counters, 0U, 2U);
}

TEST(read_remote, a_clock_that_went_back_proves_nothing) {
  producer p;
  consumer c(p);
  c.after_first = [&] { c.time.advance(-1ns); };
  EXPECT_STATUS(ok, c.read());
  EXPECT_COUNTERS(c.counters, 0U, 1U);
}

TEST(read_remote, an_object_that_ended_before_is_stale_at_the_first_look) {
  producer p;
  p.evict();
  consumer c(p, validation::recheck);
  EXPECT_STATUS(stale, c.read());
  EXPECT_EQ(1U, c.reads.size());
  EXPECT_COUNTERS(c.counters, 0U, 0U);
}

TEST(read_remote, trailers_that_do_not_fit_are_refused_at_either_look) {
  struct {
    const char* what;
    std::function<void(trailer&)> change;
    errc expected;
  } const cases[] = {
      {"torn: new generation, old inversion", [](trailer& t) { ++t.generation; }, errc::stale},
      {"torn: old generation, new inversion", [](trailer& t) { --t.inverted; }, errc::stale},
      {"another object", [](trailer& t) { t.inverted = ~++t.generation; }, errc::stale},
      {"another store", [](trailer& t) { ++t.incarnation; }, errc::stale},
      {"no trailer at all", [](trailer& t) { t.magic = 0; }, errc::stale},
      {"a later format", [](trailer& t) { ++t.version; }, errc::unsupported},
      {"another length", [](trailer& t) { ++t.length; }, errc::corrupt},
      {"another type", [](trailer& t) { ++t.type; }, errc::corrupt},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.what);
    producer p;
    consumer second(p, validation::recheck);
    second.after_first = [&] { p.overwrite_trailer(one.change); };
    EXPECT_EQ(one.expected, second.read().code);
    EXPECT_COUNTERS(second.counters, 1U, 1U);
    consumer first(p);
    EXPECT_EQ(one.expected, first.read().code);
    EXPECT_COUNTERS(first.counters, 0U, 0U);
  }
}

TEST(read_remote, a_read_that_fails_is_reported_as_it_failed) {
  for (const std::size_t failing : {1U, 2U}) {
    producer p;
    consumer c(p, validation::recheck);
    c.failing_read = failing;
    const status s = c.read();
    EXPECT_STATUS(unreachable, s);
    EXPECT_EQ(5, s.native);
    EXPECT_EQ(failing, c.reads.size());
  }
}

TEST(read_remote, without_landing_memory_nothing_is_read) {
  producer p;
  consumer c(p);
  c.landed->refuse = true;
  EXPECT_STATUS(out_of_memory, c.read());
  EXPECT_TRUE(c.reads.empty());
}

// ---- memory of the same host

struct mapped_read {
  explicit mapped_read(producer& from) : p(from) {}
  status read() { return read_mapped(p.block(), p.object(), *landed, counters); }
  producer& p;
  read_counters counters;
  memory_landing_ptr landed = make_landing();
};

TEST(read_mapped, brings_payloads_of_every_length) {
  for (std::uint64_t bytes = 0; bytes < 130; ++bytes) {
    producer p(bytes, bytes);
    mapped_read r(p);
    ASSERT_OK(r.read());
    ASSERT_EQ(bytes, r.landed->payload().size());
    ASSERT_EQ(0U, count_wrong(r.landed->payload(), bytes));
    EXPECT_COUNTERS(r.counters, 0U, 0U);
  }
}

TEST(read_mapped, what_ended_before_is_not_copied) {
  producer p;
  p.evict();
  mapped_read r(p);
  EXPECT_STATUS(stale, r.read());
  EXPECT_EQ(0, r.landed->filled);
  EXPECT_COUNTERS(r.counters, 0U, 0U);
}

TEST(read_mapped, what_is_reused_in_the_middle_is_stale) {
  producer p;
  mapped_read r(p);
  r.landed->halfway = [&] { p.reuse(); };
  EXPECT_STATUS(stale, r.read());
  EXPECT_NE(0U, count_wrong(r.landed->payload(), 1)) << "this test would not have seen anything";
  EXPECT_COUNTERS(r.counters, 1U, 0U);
}

TEST(read_mapped, what_ends_in_the_middle_is_stale) {
  for (const bool at_the_end : {false, true}) {
    producer p;
    mapped_read r(p);
    (at_the_end ? r.landed->before_return : r.landed->halfway) = [&] { p.evict(); };
    EXPECT_STATUS(stale, r.read());
    EXPECT_COUNTERS(r.counters, 1U, 0U);
  }
}

TEST(read_mapped, what_ends_afterwards_was_read_well) {
  producer p;
  mapped_read r(p);
  EXPECT_STATUS(ok, r.read());
  p.reuse();
  EXPECT_EQ(0U, count_wrong(r.landed->payload(), 1));
  EXPECT_STATUS(stale, r.read());
}

TEST(read_mapped, a_landing_that_fails_is_reported) {
  producer p;
  mapped_read r(p);
  r.landed->refuse = true;
  EXPECT_STATUS(out_of_memory, r.read());
  EXPECT_COUNTERS(r.counters, 0U, 0U);
}

TEST(read_mapped, another_length_or_type_is_corrupt) {
  producer p;
  p.overwrite_trailer([](trailer& t) { ++t.length; });
  mapped_read r(p);
  EXPECT_STATUS(corrupt, r.read());
  EXPECT_EQ(0, r.landed->filled);
}

// ---- these tests can fail

class accepting {
 public:
  accepting() { testing::accept_everything = true; }
  accepting(const accepting&) = delete;
  accepting& operator=(const accepting&) = delete;
  ~accepting() { testing::accept_everything = false; }
};

TEST(accept_everything, finds_wrong_bytes_where_validation_finds_stale) {
  const accepting all;
  producer p;
  mapped_read r(p);
  r.landed->halfway = [&] { p.reuse(); };
  EXPECT_STATUS(ok, r.read());
  EXPECT_NE(0U, count_wrong(r.landed->payload(), 1));

  producer q;
  consumer c(q, validation::recheck);
  c.before_first = [&] { q.reuse(); };
  EXPECT_STATUS(ok, c.read());
  EXPECT_NE(0U, count_wrong(c.landed->payload(), 1));
}

}  // namespace
}  // namespace farhold::rma
