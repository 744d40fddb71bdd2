// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include "report.hpp"

#include <array>
#include <cstdio>
#include <ostream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace farhold::bench {

namespace {

template <class... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 256> line{};
  std::snprintf(line.data(), line.size(), format, values...);
  return line.data();
}

/// With a unit that keeps it short.
std::string duration(double ns) {
  const double size = ns < 0 ? -ns : ns;
  if (size < 1e3) return text("%.1f ns", ns);
  if (size < 1e6) return text("%.2f us", ns / 1e3);
  return text("%.2f ms", ns / 1e6);
}

nlohmann::json to_json(const spread& s) {
  return {{"p10", s.p10}, {"p25", s.p25}, {"median", s.median}, {"p75", s.p75}, {"p90", s.p90}};
}

/// What the goal of the comparison is about, as measured.
double reached(const result& r) {
  const measured& last = r.bodies.back();
  switch (r.wanted.what) {
    case goal::kind::nanoseconds: return last.ns.median;
    case goal::kind::nanoseconds_more: return last.difference_ns.median;
    case goal::kind::times_as_long: return last.ratio.median;
    case goal::kind::none: break;
  }
  return 0;
}

std::string describe(const goal& g) {
  switch (g.what) {
    case goal::kind::nanoseconds: return text("%.4g ns", g.limit);
    case goal::kind::nanoseconds_more: return text("%.4g ns more", g.limit);
    case goal::kind::times_as_long: return text("%.4g times as long", g.limit);
    case goal::kind::none: break;
  }
  return {};
}

/// Whether the last body keeps the goal of its comparison.
std::string verdict(const result& r) {
  if (r.wanted.what == goal::kind::none) return {};
  return (reached(r) <= r.wanted.limit ? "  within goal: " : "  MISSES goal: ") + describe(r.wanted);
}

}  // namespace

report::report(const options& how, const provenance& more, std::ostream& out)
    : how_(how), conditions_(observe_conditions()), out_(out) {
  for (const auto& [name, value] : more) conditions_[name] = value;  // the program knows better
  if (!how_.json.empty()) {
    json_.open(how_.json, std::ios::app);
    if (!json_) throw std::runtime_error("cannot write " + how_.json);
  }
  for (const auto& [name, value] : conditions_) out_ << text("%-12s ", name.c_str()) << value << '\n';
  out_ << "\nratio: the body's time over the time of the body it is compared with, round by round: median"
          " (middle half) [p10 .. p90]\n\n"
       << text("%-34s %-26s %10s %-34s %s\n", "comparison", "body", "median", "ratio", "difference");
}

bool report::wanted(const std::string& name) const { return name.find(how_.filter) != std::string::npos; }

bool report::compare(const comparison& what) {
  if (!wanted(what.name)) return true;
  try {
    const result r = measure(what, how_.timing);
    print(r);
    write_json(r);
    ++measured_;
    return true;
  } catch (const wrong_bytes& problem) {
    fail(problem.what());
    return false;
  }
}

void report::remark(const std::string& words) { out_ << words << std::endl; }

void report::not_built(const std::string& name, const std::string& why) {
  if (!wanted(name)) return;
  remark(text("%-34s not built: %s", name.c_str(), why.c_str()));
  if (json_.is_open()) {
    json_ << nlohmann::json{{"comparison", name}, {"not_built", why}, {"conditions", conditions_}}.dump()
          << std::endl;
  }
}

void report::fail(const std::string& what) {
  ++failed_;
  remark("FAILED: " + what);
}

int report::exit_code() const { return failed_ == 0 && measured_ > 0 ? 0 : 1; }

void report::print(const result& r) {
  std::string name = r.name;
  for (const measured& m : r.bodies) {
    out_ << text("%-34s %-26s %10s ", name.c_str(), m.name.c_str(), duration(m.ns.median).c_str());
    name.clear();
    if (m.beside.empty()) {
      out_ << "baseline" << text("  (%s .. %s)", duration(m.ns.p25).c_str(), duration(m.ns.p75).c_str());
    } else {
      const spread& q = m.ratio;
      out_ << text("%-34s ",
                   text("%.3f (%.3f .. %.3f) [%.3f .. %.3f]", q.median, q.p25, q.p75, q.p10, q.p90).c_str())
           << text("%+.1f ns (%+.1f .. %+.1f)", m.difference_ns.median, m.difference_ns.p25,
                   m.difference_ns.p75)
           << "  / " << m.beside;
      if (&m == &r.bodies.back()) out_ << verdict(r);
    }
    out_ << '\n';
    for (const auto& [what, value] : m.counted) {
      out_ << text("%-34s   %-50s %.6g\n", "", what.c_str(), value);
    }
  }
  out_ << std::flush;
}

void report::write_json(const result& r) {
  if (!json_.is_open()) return;
  nlohmann::json line{{"comparison", r.name},      {"operations", r.operations},
                      {"rounds", r.rounds},        {"bodies", nlohmann::json::array()},
                      {"conditions", conditions_}, {"load_after", load_average()}};
  if (r.wanted.what != goal::kind::none) {
    line["goal"] = describe(r.wanted);
    line["within_goal"] = reached(r) <= r.wanted.limit;
  }
  for (const measured& m : r.bodies) {
    nlohmann::json one{{"name", m.name}, {"iterations", m.iterations}, {"ns", to_json(m.ns)}};
    if (!m.beside.empty()) {
      one["beside"] = m.beside;
      one["ratio"] = to_json(m.ratio);
      one["difference_ns"] = to_json(m.difference_ns);
    }
    if (!m.counted.empty()) one["counted"] = m.counted;
    line["bodies"].push_back(std::move(one));
  }
  json_ << line.dump() << std::endl;
}

}  // namespace farhold::bench
