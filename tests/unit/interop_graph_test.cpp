// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/graph/adj_list_serialize.hpp>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"

// Boost.Graph as it is: graphs travel by its own boost/graph/adj_list_serialize.hpp.

namespace roads {  // somebody's code

struct town {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name;
  }
};
struct road {
  double km = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& km;
  }
};
using graph_t = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, town, road>;
using vertex_t = boost::graph_traits<graph_t>::vertex_descriptor;

std::vector<double> distances(const graph_t& g, vertex_t from) {
  std::vector<double> km(num_vertices(g));
  boost::dijkstra_shortest_paths(
      g, from,
      boost::weight_map(boost::get(&road::km, g))
          .distance_map(boost::make_iterator_property_map(km.begin(), boost::get(boost::vertex_index, g))));
  return km;
}

int islands(const graph_t& g) {
  std::vector<int> island(num_vertices(g));
  return boost::connected_components(g, island.data());
}

double total_km(const graph_t& g) {
  const auto [first, last] = edges(g);
  return std::accumulate(first, last, 0.0, [&](double sum, auto e) { return sum + g[e].km; });
}

graph_t map() {
  graph_t g;
  for (const char* const name : {"Ahlen", "Berne", "Cuxhaven", "Dorum", "Helgoland"})
    add_vertex(town{name}, g);
  add_edge(0, 1, road{4}, g);
  add_edge(0, 2, road{1}, g);
  add_edge(2, 1, road{2}, g);
  add_edge(1, 3, road{5}, g);
  return g;
}

}  // namespace roads

namespace farhold {
namespace {

using roads::graph_t;

struct interop_graph : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"graphs", test::watched(watch), {.inline_bytes = 0}};
  const proxy<graph_t> made = s.proxy(roads::map());
  const proxy<graph_t> p = proxy<graph_t>::from_string(made.to_string());
};

TEST_F(interop_graph, goes_to_functions_of_graphs) {
  EXPECT_EQ(roads::distances(p, 0), (std::vector<double>{0, 3, 1, 8, std::numeric_limits<double>::max()}));
  EXPECT_EQ(roads::islands(p), 2);
  EXPECT_EQ(roads::total_km(p), 12);
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(interop_graph, boost_s_own_templates_take_the_star) {
  EXPECT_EQ(num_vertices(*p), 5U);
  EXPECT_EQ(num_edges(*p), 4U);
  EXPECT_EQ(out_degree(1, *p), 3U);
  EXPECT_TRUE(edge(2, 1, *p).second);
  std::vector<int> island(num_vertices(*p));
  EXPECT_EQ(boost::connected_components(*p, island.data()), 2);
  std::vector<roads::vertex_t> before(num_vertices(*p));
  boost::dijkstra_shortest_paths(
      *p, 0, boost::predecessor_map(before.data()).weight_map(boost::get(&roads::road::km, *p)));
  EXPECT_EQ(before[1], 2U);
  std::vector<roads::vertex_t> order;
  struct visitor : boost::default_bfs_visitor {
    explicit visitor(std::vector<roads::vertex_t>& seen) : seen_(&seen) {}
    void discover_vertex(roads::vertex_t v, const graph_t& /*g*/) const { seen_->push_back(v); }

   private:
    std::vector<roads::vertex_t>* seen_;
  };
  boost::breadth_first_search(*p, 3, boost::visitor(visitor(order)));
  EXPECT_EQ(order.front(), 3U);
  EXPECT_EQ(order.size(), 4U) << "an island is not reached";
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(interop_graph, subscript_of_bundled_properties) {
  EXPECT_EQ(p[2].name, "Cuxhaven");
  EXPECT_EQ(p[edge(0, 1, *p).first].km, 4);
  EXPECT_EQ((*p)[4].name, "Helgoland");
  EXPECT_EQ(p->m_vertices.size(), 5U);
}

TEST_F(interop_graph, a_copy_is_changed_and_the_target_is_not) {
  graph_t mine = p;
  add_edge(3, 4, roads::road{60}, mine);
  EXPECT_EQ(roads::islands(mine), 1);
  EXPECT_EQ(roads::islands(p), 2);
}

}  // namespace
}  // namespace farhold
