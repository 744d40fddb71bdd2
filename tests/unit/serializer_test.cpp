// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/serializer.hpp>

#include <algorithm>
#include <array>
#include <complex>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory_resource>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;

struct particle {
  double position[3];
  std::uint32_t id;
  bool alive;
  friend bool operator==(const particle& a, const particle& b) {
    return a.id == b.id && a.alive == b.alive && std::equal(a.position, a.position + 3, b.position);
  }
};
struct alignas(128) wide {
  double value;
  bool operator==(const wide&) const = default;
};
enum class colour : std::uint8_t { red, green };

struct mesh {  // through Boost, by its own `serialize`
  std::string name;
  std::vector<std::array<double, 3>> points;
  std::map<std::string, std::vector<int>> groups;
  bool operator==(const mesh&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name;
    archive& groups;
    std::size_t count = points.size();
    archive& count;
    points.resize(count);
    for (auto& p : points) archive& p[0] & p[1] & p[2];
  }
};

struct serializer_fixture : testing::TestWithParam<std::size_t> {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"serializer", test::watched(watch), {.inline_bytes = GetParam()}};

  /// Through a key, and through a proxy and its token.
  template <class T>
  T there_and_back(const T& value) {
    const T by_key = s.get<T>(s.put(value));
    const T by_proxy = *proxy<T>::from_bytes(s.proxy(value).to_bytes());
    EXPECT_EQ(by_key, by_proxy);
    return by_proxy;
  }
};
// Stored, and travelling inside the proxy.
INSTANTIATE_TEST_SUITE_P(inline_bytes, serializer_fixture, testing::Values(0U, 1U << 20U));

TEST_P(serializer_fixture, scalars) {
  EXPECT_EQ(there_and_back(42), 42);
  EXPECT_EQ(there_and_back(-0.0), 0.0);
  EXPECT_EQ(there_and_back('x'), 'x');
  EXPECT_EQ(there_and_back(true), true);
  EXPECT_EQ(there_and_back(colour::green), colour::green);
  EXPECT_EQ(there_and_back(std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(there_and_back(std::complex<double>(1, -2)), std::complex<double>(1, -2));
}

TEST_P(serializer_fixture, trivially_copyable_structs) {
  const particle p{{1, 2, 3}, 9, true};
  EXPECT_EQ(there_and_back(p), p);
  const std::array<float, 5> a = {1, 2, 3, 4, 5};
  EXPECT_EQ(there_and_back(a), a);
  EXPECT_EQ(detail::stored_bytes(p), sizeof p) << "as it lies, and nothing around it";
}

TEST_P(serializer_fixture, strings_and_vectors) {
  EXPECT_EQ(there_and_back(std::string("text\0with zero", 14)), std::string("text\0with zero", 14));
  EXPECT_EQ(there_and_back(std::string()), "");
  EXPECT_EQ(there_and_back(std::u16string(u"\u2192")), u"\u2192");
  EXPECT_EQ(there_and_back(std::vector<double>()), std::vector<double>());
  EXPECT_EQ(there_and_back(std::vector<double>(1000, 0.5)), std::vector<double>(1000, 0.5));
  const std::vector<particle> particles(7, particle{{3, 2, 1}, 4, false});
  EXPECT_EQ(there_and_back(particles), particles);
  EXPECT_EQ(detail::stored_bytes(particles), 7 * sizeof(particle));
  const std::vector<bool> bits = {true, false, true};
  EXPECT_EQ(there_and_back(bits), bits);
}

TEST_P(serializer_fixture, elements_aligned_to_more_than_the_payload) {
  const std::vector<wide> values = {{1}, {2}, {3}};
  EXPECT_EQ(there_and_back(values), values);
  EXPECT_EQ(there_and_back(wide{4}), wide{4});
}

TEST_P(serializer_fixture, nested_and_associative_containers) {
  const std::vector<std::vector<int>> nested = {{1}, {}, {2, 3}};
  EXPECT_EQ(there_and_back(nested), nested);
  const std::vector<std::string> words = {"a", "", "bc"};
  EXPECT_EQ(there_and_back(words), words);
  const std::map<std::string, std::vector<double>> map = {{"x", {1, 2}}, {"y", {}}};
  EXPECT_EQ(there_and_back(map), map);
  const std::set<int> set = {3, 1, 2};
  EXPECT_EQ(there_and_back(set), set);
  const std::unordered_map<int, std::string> hashed = {{1, "one"}, {2, "two"}};
  EXPECT_EQ(there_and_back(hashed), hashed);
  const std::list<int> list = {1, 2};
  EXPECT_EQ(there_and_back(list), list);
  const std::deque<double> deque = {1, 2};
  EXPECT_EQ(there_and_back(deque), deque);
  const std::pair<std::string, int> pair = {"k", 3};
  EXPECT_EQ(there_and_back(pair), pair);
}

TEST_P(serializer_fixture, classes_with_serialize) {
  const mesh m = {"wing", {{0, 0, 1}, {0, 1, 0}}, {{"inlet", {1, 2}}}};
  EXPECT_EQ(there_and_back(m), m);
  EXPECT_EQ(there_and_back(mesh()), mesh());
}

TEST_P(serializer_fixture, owning_pointers) {
  const mesh m = {"owned", {{1, 2, 3}}, {}};
  const auto k = s.put(std::make_unique<mesh>(m));
  EXPECT_EQ(*s.get<std::unique_ptr<mesh>>(k), m);
  const auto p = s.proxy(std::make_unique<mesh>(m));
  EXPECT_EQ(**p, m);
  EXPECT_EQ(*s.proxy(std::unique_ptr<mesh>()), nullptr);

  const auto shared = std::make_shared<mesh>(m);
  const std::vector<std::shared_ptr<mesh>> twice = {shared, shared, nullptr};
  const auto back = s.get<std::vector<std::shared_ptr<mesh>>>(s.put(twice));
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(*back[0], m);
  EXPECT_EQ(back[0], back[1]) << "what was one object is one object";
  EXPECT_NE(back[0], shared);
  EXPECT_EQ(back[2], nullptr);
}

TEST_P(serializer_fixture, views_are_stored_as_what_they_show) {
  const std::vector<double> values = {1, 2, 3, 4};
  EXPECT_EQ(s.get<std::vector<double>>(s.put(std::span(values).subspan(1, 2))), (std::vector<double>{2, 3}));
  EXPECT_EQ(s.get<std::string>(s.put(std::string_view("view"))), "view");
}

}  // namespace

// Specialisations for classes of a user.
struct millimetres {
  long value = 0;
  int reads = 0;
};
struct unreadable {
  int value = 0;
};
struct linked {  // could travel as it lies, and must not
  linked* next = nullptr;
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value;
  }
};

template <>
struct serializer<millimetres> {
  static std::uint64_t size_bytes(const millimetres& m) { return std::to_string(m.value).size(); }
  static void write(const millimetres& m, byte_span out) {
    const std::string text = std::to_string(m.value);
    ASSERT_EQ(text.size(), out.size());
    std::memcpy(out.data(), text.data(), out.size());
  }
  static millimetres read(byte_view in) {
    return {std::stol(std::string(reinterpret_cast<const char*>(in.data()), in.size())), 1};
  }
};

template <>
struct serializer<unreadable> {
  static inline std::atomic<int> failures = 0;
  static std::uint64_t size_bytes(const unreadable&) { return 2000; }
  static void write(const unreadable& u, byte_span out) { std::memcpy(out.data(), &u.value, sizeof u.value); }
  static unreadable read(byte_view in) {
    if (failures.fetch_sub(1) > 0) throw std::runtime_error("cannot be read now");
    unreadable u;
    std::memcpy(&u.value, in.data(), sizeof u.value);
    return u;
  }
};

template <>
struct serializer<linked> : archive_serializer<linked> {};

namespace {

TEST_P(serializer_fixture, specialised_by_the_user) {
  const auto k = s.put(millimetres{1234, 0});
  EXPECT_EQ(k.size_bytes(), 4U);
  EXPECT_EQ(s.get<millimetres>(k).value, 1234);
  EXPECT_EQ(s.get<millimetres>(k).reads, 1) << "not copied as it lay";
  EXPECT_EQ(s.proxy(millimetres{-7, 0})->value, -7);
}

TEST_P(serializer_fixture, archive_by_choice) {
  linked here;
  here.next = &here;
  here.value = 5;
  const auto back = s.get<linked>(s.put(here));
  EXPECT_EQ(back.value, 5);
  EXPECT_EQ(back.next, nullptr);
}

TEST_P(serializer_fixture, that_fails_to_read_fails_the_resolve_and_the_next_one_tries_again) {
  if (GetParam() != 0) GTEST_SKIP() << "stored objects only";
  const auto p = s.proxy(unreadable{8});
  serializer<unreadable>::failures = 2;
  EXPECT_THROW(p.resolve(), std::runtime_error);
  EXPECT_FALSE(p.resolved());
  EXPECT_THROW(p.resolve(), std::runtime_error);
  EXPECT_EQ(p->value, 8);
  EXPECT_EQ(watch->gets, 3);
}

/// Writes `count(n)` integers at the n-th time it is serialized: once to be measured, once to be stored.
struct shifty {
  std::vector<int> counts;
  mutable std::size_t times = 0;
  template <class Archive>
  void save(Archive& archive, unsigned /*version*/) const {
    const int count = counts[times++ % counts.size()];
    for (int i = 0; i < count; ++i) archive << i;
  }
  template <class Archive>
  void load(Archive&, unsigned /*version*/) {}
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

TEST_P(serializer_fixture, object_that_changes_while_it_is_stored_is_refused_and_nothing_is_left) {
  const shifty grows{{600, 601}}, shrinks{{601, 600}}, steady{{600, 600}};
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return s.put(grows); }, {"changed while it was stored"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return s.put(shrinks); }, {"smaller while it was stored"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return s.proxy(grows); }));
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return s.proxy(shrinks); }));
  EXPECT_EQ(watch->abandoned, watch->reserved);
  EXPECT_EQ(watch->published, 0);
  EXPECT_EQ(s.metrics().published, 0U);
  EXPECT_NO_THROW(s.put(steady));
  EXPECT_EQ(watch->published, 1);
}

struct throwing {
  std::string not_trivial;
  mutable int times = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& times;
    if (++times > 1) throw std::domain_error("thrown by the user's class");
  }
};

TEST_P(serializer_fixture, object_that_throws_while_it_is_stored_leaves_nothing) {
  EXPECT_THROW(s.put(throwing()), std::domain_error);
  EXPECT_EQ(watch->reserved, 1);
  EXPECT_EQ(watch->abandoned, 1);
}

TEST_P(serializer_fixture, publish_that_fails_leaves_nothing) {
  watch->publish_error = errc::transport_failure;
  EXPECT_TRUE(
      fails(errc::transport_failure, [&] { return s.put(1); }, {"'serializer'", "publish as told", "7"}));
  EXPECT_EQ(watch->reserved, 1);
  EXPECT_EQ(watch->abandoned, 1);
  watch->publish_error = errc::ok;
  EXPECT_EQ(s.get<int>(s.put(1)), 1);
}

// What lies in memory under a key may be anything, if its producer was.
template <class T>
void expect_no_harm(std::vector<std::byte> bytes) {
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    if (length == bytes.size()) {
      EXPECT_NO_THROW(serializer<T>::read(cut));
    } else {
      EXPECT_TRUE(fails(errc::corrupt, [&] { return serializer<T>::read(cut); }, {"archive"})) << length;
    }
  }
  bytes.push_back(std::byte{0});
  EXPECT_TRUE(fails(errc::corrupt, [&] { return serializer<T>::read(bytes); }, {"longer"}));
}

TEST(archive, cut_anywhere_is_corrupt) {
  const mesh m = {"wing", {{0, 0, 1}, {0, 1, 0}}, {{"inlet", {1, 2}}}};
  std::vector<std::byte> bytes(detail::stored_bytes(m));
  detail::store_bytes(m, bytes);
  expect_no_harm<mesh>(bytes);
}

TEST(archive, with_an_absurd_count_is_corrupt) {
  const std::vector<std::string> words = {"one"};
  std::vector<std::byte> bytes(detail::stored_bytes(words));
  detail::store_bytes(words, bytes);
  const std::uint64_t count = words.size(), absurd = ~std::uint64_t{0} / 2;
  const auto* const pattern = reinterpret_cast<const std::byte*>(&count);
  const auto at = std::search(bytes.begin(), bytes.end(), pattern, pattern + sizeof count);
  ASSERT_NE(at, bytes.end());
  std::memcpy(&*at, &absurd, sizeof absurd);
  EXPECT_TRUE(fails(errc::corrupt, [&] { return serializer<std::vector<std::string>>::read(bytes); }));
}

TEST_P(serializer_fixture, container_with_its_own_allocator) {
  const std::pmr::vector<double> values = {1, 2, 3};
  EXPECT_EQ(there_and_back(values), values);
}

}  // namespace
}  // namespace farhold
