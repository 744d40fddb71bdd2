// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "bench_verdict.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sizes.hpp"

namespace farhold::tools {

namespace {

std::string duration(double ns) {
  const double size = ns < 0 ? -ns : ns;
  if (size < 999.5) return fmt::format("{:.3g} ns", ns);
  if (size < 999.5e3) return fmt::format("{:.3g} us", ns / 1e3);
  return fmt::format("{:.4g} ms", ns / 1e6);
}

std::string bandwidth(std::uint64_t bytes, double ns) {
  const double per_second = static_cast<double>(bytes) / ns * 1e9;
  if (per_second < 0.9995e9) return fmt::format("{:.3g} MB/s", per_second / 1e6);
  return fmt::format("{:.3g} GB/s", per_second / 1e9);
}

/// What a small object may cost more than a raw read before something must be wrong. Several times what it
/// costs on a quiet machine (benchmarks/README.md).
double usual_ns(path taken) {
  switch (taken) {
    case path::mapped:
    case path::view:
    case path::local: return 1'000;
    case path::cma:
    case path::window: return 5'000;
    default: return 200'000;  // a thread is woken, there and here
  }
}

/// Whether a body's times are so far apart that they say little.
bool scatters(const bench::spread& ns) { return ns.p75 > 2 * ns.p25; }

std::string on_path(path taken) {
  if (taken == path::service) {
    return "The producer sends every byte, because its memory cannot be read from here. Between hosts over "
           "TCP there is no "
           "other way; on one host, or with a card that reads remote memory, farhold info says what is "
           "missing.";
  }
  if (taken == path::cma) {
    return "The producer's memory could not be mapped and is read by process_vm_readv, which takes a system "
           "call "
           "for each object.";
  }
  return {};
}

}  // namespace

std::string bench_heading() {
  return fmt::format("{:>8} {:>11} {:>11} {:>11} {:>11}   {:<28}{}\n", "size", "raw", "farhold", "rate raw",
                     "farhold", "farhold / raw (middle half)", "more than raw");
}

std::string bench_line(const bench_row& row) {
  const double ns = row.farhold.ns.median;
  std::string made = fmt::format("{:>8} ", bench::size_name(row.bytes));
  if (row.raw.name.empty()) {
    return made +
           fmt::format("{:>11} {:>11} {:>11} {:>11}   -\n", "-", duration(ns), "-", bandwidth(row.bytes, ns));
  }
  const bench::spread& ratio = row.farhold.ratio;
  return made + fmt::format("{:>11} {:>11} {:>11} {:>11}   {:<28}{}\n", duration(row.raw.ns.median),
                            duration(ns), bandwidth(row.bytes, row.raw.ns.median), bandwidth(row.bytes, ns),
                            fmt::format("{:.3g} ({:.3g} .. {:.3g})", ratio.median, ratio.p25, ratio.p75),
                            duration(row.farhold.difference_ns.median));
}

std::vector<std::string> judged(const std::vector<bench_row>& rows, const bench_circumstances& under) {
  std::vector<std::string> made;
  if (const std::string said = on_path(under.taken); !said.empty()) made.push_back(said);
  if (std::ranges::any_of(rows, [](const bench_row& r) { return r.raw.name.empty(); })) {
    made.emplace_back(
        "There was nothing to compare with: the other process offers bytes without farhold, too, and "
        "they could not be had.");
  }
  // Of those that were compared.
  std::vector<bench_row> known;
  for (const bench_row& one : rows) {
    if (!one.raw.name.empty()) known.push_back(one);
  }
  if (!known.empty()) {
    const bench_row& small = known.front();
    const bench_row& large = known.back();
    if (const double more = small.farhold.difference_ns.median; more > usual_ns(under.taken)) {
      made.push_back(
          fmt::format("An object of {} takes {} more than the raw read; up to {} is usual on this path.",
                      bench::size_name(small.bytes), duration(more), duration(usual_ns(under.taken))));
    }
    if (large.bytes >= bench::mib && large.farhold.ratio.median > 1.25) {
      made.push_back(
          fmt::format("Objects of {} come at {:.0f} % of the raw bandwidth; 90 % and more is usual.",
                      bench::size_name(large.bytes), 100 / large.farhold.ratio.median));
    }
  }
  const auto wide = std::ranges::count_if(rows, [](const bench_row& r) {
    return scatters(r.farhold.ns) || (!r.raw.name.empty() && scatters(r.raw.ns));
  });
  const std::string load = fmt::format("a load of {:.1f} on {} processors", under.load, under.processors);
  if (wide > 0) {
    made.push_back(
        fmt::format("{} of {} sizes scatter by more than twice, with {}: something else is running. Take the "
                    "figures again when it is quiet.",
                    wide, rows.size(), load));
  } else if (under.load > under.processors) {
    made.push_back("Others were running, with " + load + "; the ratios bear that better than the times.");
  }
  if (made.empty()) made.emplace_back("Nothing looks wrong.");
  return made;
}

}  // namespace farhold::tools
