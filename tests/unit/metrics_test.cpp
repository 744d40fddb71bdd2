// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/metrics.hpp>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

namespace farhold {
namespace {

boost::property_tree::ptree parsed(const std::string& json) {
  std::istringstream in(json);
  boost::property_tree::ptree tree;
  boost::property_tree::read_json(in, tree);
  return tree;
}

TEST(metrics, paths_have_names) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < path_count; ++i) names.insert(to_string(static_cast<path>(i)));
  EXPECT_EQ(names, (std::set<std::string_view>{"inlined", "cached", "local", "mapped", "cma", "window",
                                               "service", "view", "storage"}));
  EXPECT_EQ(to_string(static_cast<path>(path_count)), "unknown");
}

TEST(metrics, begin_at_zero) {
  const metrics m;
  for (std::size_t i = 0; i < path_count; ++i) {
    EXPECT_EQ(m.on(static_cast<path>(i)).resolves, 0U);
    EXPECT_EQ(m.on(static_cast<path>(i)).bytes, 0U);
  }
}

/// A metrics with another number in each member, and these numbers by name.
struct numbered {
  metrics all;
  std::map<std::string, std::uint64_t> by_name;  ///< those of paths as "by_path.mapped.bytes"

  numbered() {
    metrics& m = all;
    std::uint64_t next = 1;
    for (std::size_t i = 0; i < path_count; ++i) {
      const auto p = static_cast<path>(i);
      m.on(p) = {next, next + 1};
      by_name["by_path." + std::string(to_string(p)) + ".resolves"] = next;
      by_name["by_path." + std::string(to_string(p)) + ".bytes"] = next + 1;
      next += 2;
    }
    const auto plain = [&](const char* name, std::uint64_t& counter) { by_name[name] = counter = next++; };
    plain("published", m.published);
    plain("published_bytes", m.published_bytes);
    plain("published_in_place", m.published_in_place);
    plain("evicted", m.evicted);
    plain("failed_evictions", m.failed_evictions);
    plain("arenas", m.arenas);
    plain("arena_bytes", m.arena_bytes);
    plain("arena_used_bytes", m.arena_used_bytes);
    plain("adopted_bytes", m.adopted_bytes);
    plain("lent_bytes", m.lent_bytes);
    plain("pins_held", m.pins_held);
    plain("failed_resolves", m.failed_resolves);
    plain("observed_stale", m.observed_stale);
    plain("reused_during_read", m.reused_during_read);
    plain("second_looks", m.second_looks);
    plain("timeouts", m.timeouts);
    plain("quarantined_bytes", m.quarantined_bytes);
    plain("service_requests", m.service_requests);
    plain("service_bytes", m.service_bytes);
    plain("refused_requests", m.refused_requests);
    EXPECT_EQ(by_name.size() * sizeof(std::uint64_t), sizeof(metrics)) << "a counter is missing above";
  }
};

TEST(metrics, json_has_every_counter_under_its_name) {
  const numbered m;
  const auto tree = parsed(m.all.to_json());
  for (const auto& [name, value] : m.by_name) EXPECT_EQ(tree.get<std::uint64_t>(name), value) << name;
  EXPECT_EQ(tree.size() - 1, m.by_name.size() - 2 * path_count) << m.all.to_json();
  EXPECT_EQ(m.all.to_json().find('\n'), std::string::npos) << "one line";
}

/// What a scrape finds: samples by name and labels, and the type of each name. Checks the form on the way.
struct scrape {
  std::map<std::string, std::uint64_t> samples;
  std::map<std::string, std::string> types;

  explicit scrape(const std::string& text) {
    const std::regex help("# HELP ([a-z_]+) [^\\\\]+");
    const std::regex type("# TYPE ([a-z_]+) (counter|gauge)");
    const std::regex sample(R"(([a-z_]+)(\{([a-z]+="([^"\\]|\\["\\n])*",?)+\}) ([0-9]+))");
    std::istringstream lines(text);
    std::string helped;
    std::string current;
    std::smatch found;
    for (std::string line; std::getline(lines, line);) {
      if (std::regex_match(line, found, help)) {
        helped = found[1];
      } else if (std::regex_match(line, found, type)) {
        current = found[1];
        EXPECT_EQ(helped, current);
        EXPECT_TRUE(types.emplace(current, found[2]).second) << current << " begins twice";
      } else if (std::regex_match(line, found, sample)) {
        EXPECT_EQ(found[1], current) << "samples follow the head of their name";
        EXPECT_TRUE(samples.emplace(found[1].str() + found[2].str(), std::stoull(found[5])).second) << line;
      } else {
        ADD_FAILURE() << "not in the text format: " << line;
      }
    }
    EXPECT_TRUE(text.ends_with('\n'));
  }
};

const std::set<std::string> can_shrink{"arenas",     "arena_bytes", "arena_used_bytes", "adopted_bytes",
                                       "lent_bytes", "pins_held",   "quarantined_bytes"};

TEST(metrics, prometheus_has_every_counter_under_its_name) {
  const numbered m;
  const scrape seen(m.all.to_prometheus("fields"));
  for (const auto& [name, value] : m.by_name) {
    std::string sample =
        "farhold_" + name + (can_shrink.contains(name) ? "" : "_total") + R"({store="fields"})";
    if (name.starts_with("by_path.")) {
      const std::size_t dot = name.rfind('.');
      sample = "farhold_" + name.substr(dot + 1) + R"(_total{store="fields",path=")" +
               name.substr(8, dot - 8) + "\"}";
    }
    ASSERT_TRUE(seen.samples.contains(sample)) << sample;
    EXPECT_EQ(seen.samples.at(sample), value) << sample;
  }
  EXPECT_EQ(seen.samples.size(), m.by_name.size());
}

TEST(metrics, prometheus_knows_what_can_shrink) {
  for (const auto& [name, type] : scrape(metrics().to_prometheus("s")).types) {
    EXPECT_EQ(type, name.ends_with("_total") ? "counter" : "gauge") << name;
  }
}

TEST(metrics, prometheus_escapes_the_store_name) {
  const scrape seen(metrics().to_prometheus("a\\b\"c\nd"));
  EXPECT_TRUE(seen.samples.contains(R"(farhold_published_total{store="a\\b\"c\nd"})"));
}

TEST(metrics, json_holds_the_largest_counters) {
  metrics m;
  m.published_bytes = ~std::uint64_t{0};
  EXPECT_EQ(parsed(m.to_json()).get<std::uint64_t>("published_bytes"), ~std::uint64_t{0});
}

}  // namespace
}  // namespace farhold
