// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/metrics.hpp>

#include <map>
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
  EXPECT_EQ(names,
            (std::set<std::string_view>{"inlined", "cached", "local", "mapped", "cma", "window", "service"}));
  EXPECT_EQ(to_string(static_cast<path>(path_count)), "unknown");
}

TEST(metrics, begin_at_zero) {
  const metrics m;
  for (std::size_t i = 0; i < path_count; ++i) {
    EXPECT_EQ(m.on(static_cast<path>(i)).resolves, 0U);
    EXPECT_EQ(m.on(static_cast<path>(i)).bytes, 0U);
  }
}

TEST(metrics, json_has_every_counter_under_its_name) {
  metrics m;
  std::uint64_t next = 1;
  std::map<std::string, std::uint64_t> expected;
  for (std::size_t i = 0; i < path_count; ++i) {
    const auto p = static_cast<path>(i);
    m.on(p) = {next, next + 1};
    expected["by_path." + std::string(to_string(p)) + ".resolves"] = next;
    expected["by_path." + std::string(to_string(p)) + ".bytes"] = next + 1;
    next += 2;
  }
  const auto plain = [&](const char* name, std::uint64_t& counter) { expected[name] = counter = next++; };
  plain("published", m.published);
  plain("published_bytes", m.published_bytes);
  plain("evicted", m.evicted);
  plain("failed_resolves", m.failed_resolves);
  plain("observed_stale", m.observed_stale);
  plain("reused_during_read", m.reused_during_read);
  plain("second_looks", m.second_looks);
  plain("timeouts", m.timeouts);
  plain("quarantined_bytes", m.quarantined_bytes);
  plain("service_requests", m.service_requests);
  plain("service_bytes", m.service_bytes);
  plain("refused_requests", m.refused_requests);
  static_assert(sizeof(metrics) == (2 * path_count + 12) * sizeof(std::uint64_t),
                "a counter is missing above");

  const auto tree = parsed(m.to_json());
  for (const auto& [name, value] : expected) EXPECT_EQ(tree.get<std::uint64_t>(name), value) << name;
  EXPECT_EQ(tree.size(), 13U) << m.to_json();
  EXPECT_EQ(m.to_json().find('\n'), std::string::npos) << "one line";
}

TEST(metrics, json_holds_the_largest_counters) {
  metrics m;
  m.published_bytes = ~std::uint64_t{0};
  EXPECT_EQ(parsed(m.to_json()).get<std::uint64_t>("published_bytes"), ~std::uint64_t{0});
}

}  // namespace
}  // namespace farhold
