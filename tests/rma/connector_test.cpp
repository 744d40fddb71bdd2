// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// The connector around an engine: what it says when it cannot open, and what becomes of it without close.
#include "rma/connector.hpp"

#include <array>
#include <memory>
#include <memory_resource>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "cluster.hpp"
#include "rma/host.hpp"
#include "solo_stores.hpp"

namespace farhold::rma {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

options small() {
  return {
      .arena_bytes = 100'000, .same_host = same_host::off, .timeout = 10s, .uri = "solo://test", .time = {}};
}

std::array<std::unique_ptr<connector>, 2> open_two(const test::solo_options& fabric_options,
                                                   const options& wanted) {
  const auto fabric = std::make_shared<test::solo_fabric>(fabric_options);
  std::array<std::unique_ptr<connector>, 2> both;
  on_threads(2, [&](std::size_t id) {
    both[id] =
        make_connector(std::make_unique<test::solo_transport>(fabric, static_cast<peer_id>(id)), wanted);
  });
  return both;
}

std::string what_opening_says(const options& wanted) {
  const auto fabric = std::make_shared<test::solo_fabric>(test::solo_options{.peers = 1});
  try {
    static_cast<void>(make_connector(std::make_unique<test::solo_transport>(fabric, 0), wanted));
  } catch (const error& problem) {
    return problem.what();
  }
  return {};
}

key put(connector& c, std::uint64_t length, std::uint64_t seed) {
  reservation room;
  key made;
  EXPECT_STATUS(ok, c.reserve(length, 1s, room));
  fill_pattern(room.memory, seed);
  EXPECT_STATUS(ok, c.publish(room, type_id{1}, made));
  return made;
}

TEST(connector, an_arena_that_does_not_fit_is_refused_with_both_sizes) {
  options greedy = small();
  greedy.arena_bytes = 4 * available_memory_bytes();
  const std::string text = what_opening_says(greedy);
  EXPECT_THAT(text, HasSubstr("solo"));
  EXPECT_THAT(text, HasSubstr(std::to_string(greedy.arena_bytes) + " bytes were asked for"));
  EXPECT_THAT(text, HasSubstr("can be had on this host"));
}

TEST(connector, says_how_large_an_object_may_be) {
  for (const std::uint64_t arena : {0U, 1U, 63U, 64U, 65U, 4096U, 100'000U}) {
    options wanted = small();
    wanted.arena_bytes = arena;
    auto both = open_two({}, wanted);
    const std::uint64_t largest = both[0]->capabilities().max_object_bytes;
    EXPECT_EQ(arena < 64 ? 0 : arena - 64, largest);
    if (arena >= 64) put(*both[0], largest, 1);
    on_threads(2, [&](std::size_t id) { EXPECT_STATUS(ok, both[id]->close(10s)); });
  }
}

TEST(connector, names_a_cure) {
  auto both = open_two({}, small());
  EXPECT_THAT(both[0]->cure({errc::out_of_memory, 0, ""}),
              HasSubstr("102400 bytes of arena"));  // whole pages
  EXPECT_THAT(both[0]->cure({errc::closed, 0, ""}), HasSubstr("close()"));
  EXPECT_EQ("solo://test", both[0]->uri());
  on_threads(2, [&](std::size_t id) { EXPECT_STATUS(ok, both[id]->close(10s)); });
}

TEST(connector, without_close_it_serves_on) {
  for (const bool one_sided : {false, true}) {
    auto both = open_two({.one_sided = one_sided}, small());
    const key object = put(*both[0], 50'000, 1);
    both[0].reset();
    const memory_landing_ptr landed = make_landing();
    read_report report;
    EXPECT_STATUS(ok, both[1]->get(object, *landed, 10s, report));
    EXPECT_EQ(0U, count_wrong(landed->payload(), 1));
    EXPECT_STATUS(timeout, both[1]->close(10ms)) << "the other one never came";
    both[1].reset();
  }
}

/// Behind a container's elements there is room for a trailer only if the arena has given just them.
TEST(connector, containers_of_a_pool_over_its_memory_are_published_elsewhere) {
  solo_stores stores({.arena_bytes = 4U << 20U, .uri = "solo://", .time = {}});
  store& producer = stores.producer();
  using container = std::pmr::vector<std::uint64_t>;
  constexpr std::size_t count = 10'000;
  std::pmr::monotonic_buffer_resource pool(4 * count * sizeof(std::uint64_t), producer.memory_resource());
  std::pmr::memory_resource* const before = std::pmr::set_default_resource(&pool);  // which is taken to last
  {
    container given(count, 1), neighbour(count, 2);
    ASSERT_EQ(given.data() + count, neighbour.data());
    const key object = producer.put(std::move(given));
    EXPECT_EQ(container(count, 2), neighbour);
    EXPECT_EQ(container(count, 1), *stores.consumer().proxy_from_key<container>(object));
    producer.evict(object);
    EXPECT_EQ(container(count, 2), neighbour);
  }
  while (producer.metrics().adopted_bytes > 0) std::this_thread::yield();  // goes back into the pool
  std::pmr::set_default_resource(before);
}

TEST(connector, in_a_forked_child_it_is_the_parents) {
  auto both = open_two({.one_sided = false}, small());
  const key object = put(*both[0], 1000, 1);
  const pid_t child = ::fork();
  if (child == 0) {
    both[0].reset();  // neither its thread nor its memory is here
    ::_exit(0);
  }
  int how = 0;
  ASSERT_EQ(child, ::waitpid(child, &how, 0));
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  const memory_landing_ptr landed = make_landing();
  read_report report;
  EXPECT_STATUS(ok, both[1]->get(object, *landed, 10s, report));
  on_threads(2, [&](std::size_t id) { EXPECT_STATUS(ok, both[id]->close(10s)); });
}

}  // namespace
}  // namespace farhold::rma
