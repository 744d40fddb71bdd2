// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command_line.hpp"
#include "measure.hpp"
#include "report.hpp"
#include "statistics.hpp"

namespace farhold::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(statistics, quantiles_of_known_values) {
  const std::vector<double> values{10, 20, 30, 40, 50};
  EXPECT_DOUBLE_EQ(10, quantile(values, 0));
  EXPECT_DOUBLE_EQ(14, quantile(values, 0.1));
  EXPECT_DOUBLE_EQ(20, quantile(values, 0.25));
  EXPECT_DOUBLE_EQ(30, quantile(values, 0.5));
  EXPECT_DOUBLE_EQ(50, quantile(values, 1));
  EXPECT_DOUBLE_EQ(2.5, quantile({1, 2, 3, 4}, 0.5));
  EXPECT_DOUBLE_EQ(7, quantile({7}, 0.9));
  EXPECT_THROW(static_cast<void>(quantile({}, 0.5)), std::invalid_argument);
}

TEST(statistics, spread_sorts_its_values) {
  const spread s = spread_of({50, 10, 40, 20, 30});
  EXPECT_DOUBLE_EQ(14, s.p10);
  EXPECT_DOUBLE_EQ(20, s.p25);
  EXPECT_DOUBLE_EQ(30, s.median);
  EXPECT_DOUBLE_EQ(40, s.p75);
  EXPECT_DOUBLE_EQ(46, s.p90);
}

/// Bodies that take as long as they are told to, by a clock of their own.
class measuring : public ::testing::Test {
 protected:
  body taking(std::string name, std::uint64_t ns, std::size_t beside = 0) {
    return {.name = name,
            .prepare = [this, name](std::uint64_t n) { prepared.push_back(name + std::to_string(n)); },
            .run =
                [this, name, ns](std::uint64_t n) {
                  ran.push_back(name);
                  now += n * ns;
                },
            .verify = [] { return true; },
            .beside = beside};
  }
  settings timing() {
    return {.rounds = 3,
            .min_rounds = 1,
            .sample = std::chrono::nanoseconds(1),  // reached by one iteration
            .budget = std::chrono::seconds(1),
            .now_ns = [this] { return now; }};
  }

  std::uint64_t now = 0;
  std::vector<std::string> ran, prepared;
};

TEST_F(measuring, bodies_take_turns_and_every_other_round_is_reversed) {
  const result r = measure({.name = "turns", .bodies = {taking("a", 5), taking("b", 10)}}, timing());
  EXPECT_THAT(ran, ElementsAre("a", "a", "b", "b",  // warm-up and calibration
                               "a", "b", "b", "a", "a", "b"));
  EXPECT_EQ(3U, r.rounds);
}

TEST_F(measuring, times_are_per_operation_and_ratios_to_the_body_named) {
  const result r = measure(
      {.name = "times", .bodies = {taking("a", 40), taking("b", 80), taking("c", 100, 1)}, .operations = 4},
      timing());
  ASSERT_EQ(3U, r.bodies.size());
  EXPECT_DOUBLE_EQ(10, r.bodies[0].ns.median);
  EXPECT_EQ("", r.bodies[0].beside);
  EXPECT_DOUBLE_EQ(2, r.bodies[1].ratio.median);
  EXPECT_DOUBLE_EQ(10, r.bodies[1].difference_ns.median);
  EXPECT_EQ("b", r.bodies[2].beside);
  EXPECT_DOUBLE_EQ(1.25, r.bodies[2].ratio.p90);
  EXPECT_DOUBLE_EQ(5, r.bodies[2].difference_ns.p10);
}

TEST_F(measuring, ratios_are_taken_round_by_round) {
  // Both bodies are disturbed alike: 1, 10 and 100 times slower. The ratio must not see it.
  std::uint64_t slow = 0, calls = 0;
  const auto disturbed = [&](std::uint64_t ns) {
    return [&, ns](std::uint64_t) {
      constexpr std::uint64_t slowness[] = {1, 10, 100};
      if (calls >= 4) slow = slowness[(calls - 4) / 2];
      ++calls;
      now += ns * (slow == 0 ? 1 : slow);
    };
  };
  body a = taking("a", 0), b = taking("b", 0);
  a.run = disturbed(100);
  b.run = disturbed(300);
  const result r = measure({.name = "disturbed", .bodies = {a, b}}, timing());
  EXPECT_DOUBLE_EQ(3, r.bodies[1].ratio.p10);
  EXPECT_DOUBLE_EQ(3, r.bodies[1].ratio.p90);
  EXPECT_DOUBLE_EQ(1000, r.bodies[0].ns.median);
}

TEST_F(measuring, iterations_grow_until_a_sample_is_long_enough) {
  settings how = timing();
  how.rounds = 1;
  how.sample = std::chrono::nanoseconds(60);
  const result r =
      measure({.name = "calibrated", .bodies = {taking("a", 10), taking("b", 1)}, .max_iterations = 12}, how);
  EXPECT_EQ(8U, r.bodies[0].iterations);   // 1, 2, 4, 8: 80 ns
  EXPECT_EQ(12U, r.bodies[1].iterations);  // never 60 ns: all there is room for
  EXPECT_THAT(prepared,
              ElementsAre("a1", "a1", "a2", "a4", "a8", "b1", "b1", "b2", "b4", "b8", "b12", "a8", "b12"));
}

TEST_F(measuring, a_comparison_that_takes_too_long_ends_after_the_least_rounds) {
  settings how = timing();
  how.rounds = 100;
  how.min_rounds = 4;
  how.budget = std::chrono::nanoseconds(25);
  EXPECT_EQ(4U, measure({.name = "slow", .bodies = {taking("a", 1000)}}, how).rounds);
  EXPECT_EQ(13U, measure({.name = "fast", .bodies = {taking("a", 1), taking("b", 1)}}, how).rounds);
}

TEST_F(measuring, wrong_bytes_end_it_at_once) {
  body wrong = taking("b", 1);
  int looked = 0;
  wrong.verify = [&] { return ++looked < 4; };
  try {
    static_cast<void>(measure({.name = "wrong", .bodies = {taking("a", 1), wrong}}, timing()));
    FAIL() << "it did not throw";
  } catch (const wrong_bytes& problem) {
    EXPECT_STREQ("wrong: wrong bytes after 'b'", problem.what());
  }
  EXPECT_EQ(4, looked);
}

class reporting : public measuring {
 protected:
  reporting() : file(::testing::TempDir() + "farhold_harness_test.jsonl") { std::filesystem::remove(file); }
  ~reporting() override { std::filesystem::remove(file); }
  options how() {
    options o;
    o.timing = timing();
    o.json = file;
    return o;
  }
  std::vector<nlohmann::json> lines() {
    std::vector<nlohmann::json> all;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  std::string file;
  std::ostringstream out;
};

TEST_F(reporting, a_line_of_json_has_the_figures_and_their_conditions) {
  report r(how(), {{"fabric", "none 1.0"}}, out);
  body counting = taking("b", 20);
  counting.count = [] { return counts{{"payload, B", 4096}}; };
  EXPECT_TRUE(r.compare(
      {.name = "one", .bodies = {taking("a", 10), counting}, .wanted = {goal::kind::nanoseconds_more, 5}}));
  EXPECT_EQ(0, r.exit_code());
  ASSERT_EQ(1U, lines().size());
  const nlohmann::json line = lines()[0];
  EXPECT_EQ("one", line["comparison"]);
  EXPECT_EQ(3, line["rounds"]);
  EXPECT_EQ("a", line["bodies"][1]["beside"]);
  EXPECT_DOUBLE_EQ(2, line["bodies"][1]["ratio"]["median"].get<double>());
  EXPECT_EQ(4096, line["bodies"][1]["counted"]["payload, B"]);
  EXPECT_FALSE(line["bodies"][0].contains("counted"));
  EXPECT_EQ("none 1.0", line["conditions"]["fabric"]);
  for (const char* const name : {"farhold", "commit", "compiler", "build", "cores", "kernel", "hypervisor",
                                 "date", "load", "topology", "mpi", "ucx", "ofi", "redis"}) {
    EXPECT_NE("", line["conditions"].value(name, "")) << name;
  }
  EXPECT_THAT(out.str(), HasSubstr("MISSES goal: 5 ns more"));
  EXPECT_THAT(out.str(), HasSubstr("2.000 (2.000 .. 2.000) [2.000 .. 2.000]"));
}

TEST_F(reporting, what_is_not_built_is_told) {
  options o = how();
  o.filter = "relay";
  report r(o, {}, out);
  r.not_built("relay/by Redis", "no server");
  r.not_built("insitu", "no libpng");  // nobody asked
  ASSERT_EQ(1U, lines().size());
  EXPECT_EQ("no server", lines()[0]["not_built"]);
  EXPECT_THAT(out.str(), HasSubstr("not built: no server"));
}

TEST_F(reporting, wrong_bytes_fail_the_run_and_leave_no_figure) {
  report r(how(), {}, out);
  body wrong = taking("b", 1);
  wrong.verify = [] { return false; };
  EXPECT_FALSE(r.compare({.name = "wrong", .bodies = {taking("a", 1), wrong}}));
  EXPECT_TRUE(r.compare({.name = "right", .bodies = {taking("a", 1)}}));
  EXPECT_EQ(1, r.exit_code());
  ASSERT_EQ(1U, lines().size());
  EXPECT_EQ("right", lines()[0]["comparison"]);
}

TEST_F(reporting, a_filter_that_fits_nothing_is_a_failure) {
  options o = how();
  o.filter = "absent";
  report r(o, {}, out);
  EXPECT_FALSE(r.wanted("one"));
  EXPECT_TRUE(r.compare({.name = "one", .bodies = {taking("a", 1)}}));
  EXPECT_THAT(ran, ElementsAre());
  EXPECT_EQ(1, r.exit_code());
}

TEST(command_line, reads_what_it_documents) {
  const char* const words[] = {"program", "--json", "f", "--filter", "x", "--quick", "--rounds", "7"};
  options o;
  EXPECT_FALSE(read_command_line(8, words, "", false, o).has_value());
  EXPECT_EQ("f", o.json);
  EXPECT_EQ("x", o.filter);
  EXPECT_TRUE(o.quick);
  EXPECT_EQ(7U, o.timing.rounds);
  const char* const bad[] = {"program", "--rounds", "none"};
  EXPECT_EQ(2, read_command_line(3, bad, "", false, o));
}

TEST(command_line, takes_a_largest_size_where_there_is_one) {
  const char* const words[] = {"program", "--largest", "1GiB"};
  options o;
  EXPECT_EQ(2, read_command_line(3, words, "", false, o));
  EXPECT_FALSE(read_command_line(3, words, "", false, o, true).has_value());
  EXPECT_EQ(std::uint64_t{1} << 30U, o.largest);
  const char* const bad[] = {"program", "--largest", "much"};
  EXPECT_EQ(2, read_command_line(3, bad, "", false, o, true));
}

}  // namespace
}  // namespace farhold::bench
