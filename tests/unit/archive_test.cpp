// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What the standard library has and Boost's archives lack or read differently, nested at will.
#include <farhold/serializer.hpp>

#include <bitset>
#include <chrono>
#include <complex>
#include <filesystem>
#include <map>
#include <optional>
#include <queue>
#include <stack>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <boost/serialization/bitset.hpp>
#include <boost/serialization/forward_list.hpp>
#include <boost/serialization/valarray.hpp>
#include <boost/serialization/version.hpp>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;

template <class T>
std::vector<std::byte> archived(const T& value) {
  std::vector<std::byte> bytes(serializer<T>::size_bytes(value));
  serializer<T>::write(value, bytes);
  return bytes;
}

template <class T>
T again(const T& value) {
  return serializer<T>::read(archived(value));
}

template <class T>
void expect_same(const T& value) {
  EXPECT_TRUE(again(value) == value);
}

struct plain {
  double x;
  int id;
  bool operator==(const plain&) const = default;
};
enum class colour : std::uint8_t { red, green };
enum direction { north, south = 1000 };

TEST(archive, optional) {
  expect_same(std::optional<int>());
  expect_same(std::optional<int>(7));
  expect_same(std::optional<std::string>("text"));
  expect_same(std::optional<std::optional<std::string>>(std::optional<std::string>()));
  expect_same(std::optional<plain>(plain{1.5, 2}));
  static_assert(!detail::direct_object<std::optional<int>>, "any byte could say that it has a value");
}

TEST(archive, variant) {
  using value = std::variant<std::monostate, int, std::string, std::vector<double>, plain>;
  expect_same(value());
  expect_same(value(5));
  expect_same(value("text"));
  expect_same(value(std::vector<double>{1, 2}));
  expect_same(value(plain{1, 2}));
  expect_same(std::variant<int, int>(std::in_place_index<1>, 3));
  static_assert(!detail::direct_object<std::variant<int, double>>, "any byte could be its index");
}

struct throws_when_copied {
  throws_when_copied() = default;
  throws_when_copied(const throws_when_copied&) { throw std::runtime_error("copied"); }
  throws_when_copied& operator=(const throws_when_copied&) = default;
  template <class Archive>
  void serialize(Archive&, unsigned /*version*/) {}
};

TEST(archive, variant_without_a_value_is_refused) {
  std::variant<std::string, throws_when_copied> broken = "text";
  EXPECT_THROW(broken.emplace<1>(throws_when_copied(throws_when_copied())), std::runtime_error);
  ASSERT_TRUE(broken.valueless_by_exception());
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return serializer<decltype(broken)>::size_bytes(broken); },
                    {"variant"}));
}

TEST(archive, tuples_pairs_and_arrays) {
  expect_same(std::tuple<>());
  expect_same(std::tuple<int, std::string, std::optional<double>>(1, "two", 3.0));
  expect_same(std::pair<std::string, plain>("key", {1, 2}));
  expect_same(std::array<std::string, 3>{"a", "", "c"});
  expect_same(std::array<std::optional<int>, 2>{1, std::nullopt});
  expect_same(std::array<std::string, 0>());
  expect_same(std::vector<std::array<bool, 2>>{{true, false}, {false, true}});
}

TEST(archive, times_and_paths) {
  using namespace std::chrono_literals;
  expect_same(std::vector<std::chrono::nanoseconds>{1ns, 2h});
  expect_same(std::optional<std::chrono::system_clock::time_point>(std::chrono::system_clock::now()));
  expect_same(std::map<std::string, std::chrono::duration<double>>{{"a", 1.5s}});
  expect_same(std::filesystem::path("/scratch/run 7/f\xC3\xA9.h5"));
  expect_same(std::vector<std::filesystem::path>{"a", "", "b/c"});
}

TEST(archive, texts_of_every_character) {
  expect_same(std::vector<std::u8string>{u8"\u00e9", u8""});
  expect_same(std::vector<std::u16string>{u"\u2192"});
  expect_same(std::vector<std::u32string>{U"\U0001F600"});
  expect_same(std::vector<std::wstring>{L"wide"});
  expect_same(std::vector<std::string>{std::string("zero\0in it", 10)});
}

TEST(archive, numbers_of_every_kind) {
  expect_same(std::tuple<bool, char, short, long, unsigned long long, float, long double>(
      true, 'c', -1, 1L << 40, ~0ULL, 0.5F, 0.25L));
  expect_same(std::tuple<colour, direction, std::byte>(colour::green, south, std::byte{200}));
  expect_same(std::tuple<std::complex<double>, std::vector<std::complex<float>>>({1, 2}, {{3, 4}}));
  expect_same(std::vector<std::vector<bool>>{{true, false}, {}});
  expect_same(std::deque<bool>{true, false});
}

TEST(archive, containers_in_containers) {
  using value = std::variant<std::monostate, bool, double, std::string, std::vector<plain>>;
  using rich = std::map<std::string, std::vector<std::optional<value>>>;
  expect_same(rich{{"", {}},
                   {"a", {std::nullopt, value(), value(true), value(2.5)}},
                   {"b", {value("text"), value(std::vector<plain>{{1, 2}, {3, 4}})}}});
  expect_same(std::unordered_map<std::string, std::unordered_set<int>>{{"a", {1, 2}}, {"b", {}}});
  expect_same(std::multimap<int, std::string>{{1, "a"}, {1, "b"}});
  expect_same(std::unordered_multimap<int, std::string>{{1, "a"}, {1, "a"}});
  expect_same(std::multiset<std::string>{"a", "a"});
  expect_same(std::list<std::map<int, std::tuple<std::string, std::deque<int>>>>{{{1, {"a", {1, 2}}}}});
}

TEST(archive, runs_of_numbers_and_structs_are_copied_whole) {
  const std::vector<std::vector<plain>> values = {{{1, 2}, {3, 4}, {5, 6}}};
  expect_same(values);
  EXPECT_EQ(archived(values).size(), 8 + 8 + 4 + 3 * sizeof(plain)) << "two counts and one layout";
  const std::map<int, std::vector<double>> numbers = {{1, std::vector<double>(100, 0.5)}};
  EXPECT_EQ(archived(numbers).size(), 8 + 4 + 8 + 100 * sizeof(double));
}

TEST(archive, adaptors) {
  std::priority_queue<int> queue;
  for (const int i : {3, 1, 2}) queue.push(i);
  auto back = again(queue);
  EXPECT_EQ(back.size(), 3U);
  EXPECT_EQ(back.top(), 3);
  expect_same(std::queue<std::string>({"a", "b"}));
  expect_same(std::vector<std::stack<int>>{std::stack<int>({1, 2})});
}

TEST(archive, containers_that_only_boost_knows) {
  expect_same(std::vector<std::forward_list<int>>{{1, 2, 3}, {}});
  const std::map<int, std::valarray<double>> arrays = {{1, {1.5, 2.5}}};
  EXPECT_EQ(again(arrays).at(1).sum(), 4.0);
  expect_same(std::map<int, std::bitset<70>>{{1, std::bitset<70>(5)}});
}

// ---- classes of users

class without_default {  // told Boost how to make one
 public:
  explicit without_default(int value) : value_(value) {}
  [[nodiscard]] int value() const { return value_; }
  bool operator==(const without_default&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& extra;
  }
  std::string extra;

 private:
  int value_;
};

template <class Archive>
void save_construct_data(Archive& archive, const without_default* object, unsigned /*version*/) {
  const int value = object->value();
  archive << value;
}
template <class Archive>
void load_construct_data(Archive& archive, without_default* object, unsigned /*version*/) {
  int value = 0;
  archive >> value;
  ::new (object) without_default(value);
}

TEST(archive, classes_without_a_default_constructor) {
  without_default one(1), two(2);
  two.extra = "extra";
  expect_same(two);
  expect_same(std::vector<without_default>{one, two});
  expect_same(std::map<std::string, std::optional<without_default>>{{"a", two}, {"b", {}}});
  expect_same(std::variant<int, without_default>(two));
  EXPECT_EQ(*again(std::make_unique<without_default>(two)), two);
}

struct versioned {
  std::string text;
  unsigned read_as = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    archive& text;
    if constexpr (Archive::is_loading::value) read_as = version;
  }
};

struct tree {  // holds itself
  int value = 0;
  std::vector<tree> children;
  bool operator==(const tree&) const = default;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& value& children;
  }
};

struct padded_base {
  padded_base() = default;
  int number = 0;
  char letter = 0;
};
struct in_the_padding : padded_base {
  char next = 0;  // lies in the padding of the base
  std::string text;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& next& text& boost::serialization::base_object<padded_base>(*this);
  }
};

struct bare_array {
  int numbers[2][3] = {};
  std::string texts[2];
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& BOOST_SERIALIZATION_NVP(numbers) & texts;
  }
};

TEST(archive, classes_keep_their_version) {
  EXPECT_EQ(again(versioned{"text"}).read_as, 3U);
  EXPECT_EQ(again(std::vector<versioned>(2)).back().read_as, 3U);
}

TEST(archive, classes_that_hold_themselves) {
  expect_same(tree{1, {{2, {}}, {3, {{4, {}}}}}});
  expect_same(std::optional<tree>(tree{1, {{2, {}}}}));
}

TEST(archive, base_class_does_not_write_over_its_padding) {
  in_the_padding object;
  const char* const begin = reinterpret_cast<const char*>(&object);
  ASSERT_LT(&object.next - begin, std::ptrdiff_t{sizeof(padded_base)}) << "else this test shows nothing";
  object.number = 1;
  object.letter = 'l';
  object.next = 'n';
  const in_the_padding back = again(object);
  EXPECT_EQ(back.number, 1);
  EXPECT_EQ(back.letter, 'l');
  EXPECT_EQ(back.next, 'n');
}

TEST(archive, arrays_of_the_language) {
  bare_array object;
  object.numbers[1][2] = 5;
  object.texts[1] = "text";
  const bare_array back = again(object);
  EXPECT_EQ(back.numbers[1][2], 5);
  EXPECT_EQ(back.texts[1], "text");
}

struct nothing {
  nothing() = default;
  nothing(const nothing&) {}
  template <class Archive>
  void serialize(Archive&, unsigned /*version*/) {}
};

TEST(archive, elements_of_no_bytes_are_refused) {
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [] { return serializer<std::vector<nothing>>::size_bytes(std::vector<nothing>(3)); },
                    {"archive nothing"}));
  EXPECT_NO_THROW(again(nothing()));
}

TEST(archive, deeper_than_a_stack_bears_is_refused) {
  tree root;
  for (int level = 0; level < 1000; ++level) {
    tree above;
    above.children.push_back(std::move(root));
    root = std::move(above);
  }
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return serializer<tree>::size_bytes(root); }, {"depth"}));
}

}  // namespace

// ---- a user's serializer, within other things

struct celsius {
  double degrees = 0;
  bool operator==(const celsius&) const = default;
};
template <>
struct serializer<celsius> {
  static std::uint64_t size_bytes(const celsius&) { return 4; }
  static void write(const celsius& c, byte_span out) {
    const auto milli = static_cast<std::int32_t>(c.degrees * 1000);
    std::memcpy(out.data(), &milli, sizeof milli);
  }
  static celsius read(byte_view in) {
    if (in.size() != 4) throw error(errc::corrupt, "a temperature has four bytes");
    std::int32_t milli = 0;
    std::memcpy(&milli, in.data(), sizeof milli);
    return {milli / 1000.0};
  }
};

struct by_choice {  // could travel as it lies, and must not
  int kept = 0;
  int dropped = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& kept;
  }
};
template <>
struct serializer<by_choice> : archive_serializer<by_choice> {};

namespace {

TEST(archive, user_serializers_nest) {
  const std::map<std::string, std::vector<celsius>> log = {{"a", {{1.5}, {-2}}}};
  expect_same(log);
  EXPECT_EQ(archived(log).size(), 8 + (8 + 1) + 8 + 2 * (8 + 4));
  EXPECT_EQ(again(std::vector<by_choice>{{1, 2}})[0].dropped, 0);
  EXPECT_EQ(again(std::vector<by_choice>{{1, 2}})[0].kept, 1);
}

TEST(archive, layout_of_nested_structs_is_checked) {
  std::vector<std::byte> bytes = archived(std::vector<std::optional<plain>>{plain{1, 2}});
  bytes[9] ^= std::byte{1};  // count, engaged, and here the layout begins
  EXPECT_TRUE(fails(errc::wrong_type,
                    [&] { return serializer<std::vector<std::optional<plain>>>::read(bytes); },
                    {"plain", "same definition"}));
}

// ---- proxies within objects

struct task {
  std::string name;
  proxy<std::vector<double>> field;
  std::vector<proxy<std::string>> notes;
  std::map<std::string, proxy<plain>> points;
  std::optional<proxy<int>> number;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name& field& notes& points& number;
  }
};

TEST(archive, proxies_within_objects_are_not_resolved) {
  auto watch = std::make_shared<test::watch>();
  store s("archive", test::watched(watch), {.inline_bytes = 0});
  const task mine = {"mean",
                     s.proxy(std::vector<double>(1000, 0.5)),
                     {s.proxy(std::string("note")), {}},
                     {{"origin", s.proxy(plain{1, 2})}},
                     s.proxy(7)};
  const auto outer = s.proxy(mine);
  EXPECT_EQ(watch->gets, 0) << "storing resolved an inner proxy";
  EXPECT_FALSE(mine.field.resolved());
  const auto here = proxy<task>::from_bytes(outer.to_bytes());
  EXPECT_EQ(here->name, "mean");
  EXPECT_EQ(watch->gets, 1) << "the outer object, and none of the inner";
  EXPECT_FALSE(here->field.resolved());
  EXPECT_EQ(here->field, std::vector<double>(1000, 0.5));
  EXPECT_EQ(here->notes.at(0), "note");
  EXPECT_FALSE(here->notes.at(1).valid());
  EXPECT_EQ(here->points.at("origin")->id, 2);
  EXPECT_EQ(**here->number, 7);
  EXPECT_EQ(watch->gets, 5);
  const std::vector<proxy<int>> many = {s.proxy(1), s.proxy(2)};
  EXPECT_EQ(s.proxy(many)->at(1), 2);
}

}  // namespace
}  // namespace farhold

BOOST_CLASS_VERSION(farhold::versioned, 3)
