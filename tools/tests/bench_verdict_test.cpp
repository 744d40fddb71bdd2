// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "bench_verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farhold::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bench::spread around(double middle) {
  return {middle * 0.9, middle * 0.95, middle, middle * 1.05, middle * 1.1};
}

bench_row row(std::uint64_t bytes, double raw_ns, double farhold_ns) {
  bench_row made{.bytes = bytes};
  made.raw = {.name = "raw",
              .beside = "",
              .iterations = 1,
              .ns = around(raw_ns),
              .ratio = {},
              .difference_ns = {},
              .counted = {}};
  made.farhold = {.name = "farhold",
                  .beside = "raw",
                  .iterations = 1,
                  .ns = around(farhold_ns),
                  .ratio = around(farhold_ns / raw_ns),
                  .difference_ns = around(farhold_ns - raw_ns),
                  .counted = {}};
  return made;
}

const bench_circumstances quiet{.taken = path::mapped, .load = 0.1, .processors = 2};

TEST(bench_verdict, nothing_is_wrong) {
  EXPECT_THAT(judged({row(8, 3, 130), row(1048576, 25'000, 26'000)}, quiet),
              ElementsAre("Nothing looks wrong."));
}

TEST(bench_verdict, small_objects_that_take_long) {
  EXPECT_THAT(
      judged({row(8, 3, 5'003), row(1048576, 25'000, 26'000)}, quiet),
      ElementsAre("An object of 8 B takes 5 us more than the raw read; up to 1 us is usual on this path."));
}

TEST(bench_verdict, large_objects_below_the_raw_bandwidth) {
  EXPECT_THAT(judged({row(8, 3, 130), row(1048576, 20'000, 40'000)}, quiet),
              ElementsAre("Objects of 1 MiB come at 50 % of the raw bandwidth; 90 % and more is usual."));
}

TEST(bench_verdict, a_path_that_is_none_of_the_best) {
  bench_circumstances sent = quiet;
  sent.taken = path::service;
  EXPECT_THAT(judged({row(8, 30'000, 40'000)}, sent),
              ElementsAre(HasSubstr("The producer sends every byte")));
  sent.taken = path::cma;
  EXPECT_THAT(judged({row(8, 400, 800)}, sent), ElementsAre(HasSubstr("could not be mapped")));
}

TEST(bench_verdict, figures_that_scatter) {
  bench_row wide = row(8, 3, 130);
  wide.farhold.ns.p75 = 3 * wide.farhold.ns.p25;
  EXPECT_THAT(judged({wide, row(64, 3, 130)}, quiet), ElementsAre(HasSubstr("1 of 2 sizes scatter")));
  bench_circumstances busy = quiet;
  busy.load = 7;
  EXPECT_THAT(
      judged({row(8, 3, 130)}, busy),
      ElementsAre(
          "Others were running, with a load of 7.0 on 2 processors; the ratios bear that better than the "
          "times."));
}

TEST(bench_verdict, without_anything_to_compare_with) {
  bench_row alone = row(4096, 30, 130);
  alone.raw = {};
  EXPECT_THAT(judged({alone}, quiet), ElementsAre(HasSubstr("nothing to compare with")));
  EXPECT_THAT(bench_line(alone), HasSubstr("4 KiB           -      130 ns           -   31.5 GB/s"));
}

TEST(bench_verdict, lines_have_units_that_fit) {
  const std::string line = bench_line(row(1048576, 25'000, 50'000));
  EXPECT_THAT(line, HasSubstr("1 MiB       25 us       50 us   41.9 GB/s     21 GB/s   2 (1.9 .. 2.1)"));
  EXPECT_THAT(line, HasSubstr("25 us\n"));
}

}  // namespace
}  // namespace farhold::tools
