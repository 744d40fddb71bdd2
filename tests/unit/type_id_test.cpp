// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/type_id.hpp>

#include <array>
#include <map>
#include <memory_resource>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

namespace somewhere {
struct particle {
  double x;
  int id;
};
template <class T>
struct box {
  T value;
};
template <class A, class B>
struct both {
  A a;
  B b;
};
}  // namespace somewhere

namespace elsewhere {
struct particle {
  double x;
  int id;
};
struct point {
  double x, y;
};
}  // namespace elsewhere

namespace named {
struct a {
  double x;
};
struct b {
  double x;
};
struct wider_a {
  double x, y;
};
}  // namespace named
template <>
inline constexpr std::string_view farhold::type_name<named::wider_a> = "named/1";
template <>
inline constexpr std::string_view farhold::type_name<named::a> = "named/1";
template <>
inline constexpr std::string_view farhold::type_name<named::b> = "named/1";

namespace farhold {
namespace {

using detail::spelled_name;
using detail::type_of;
using test::fails;

TEST(type_identity, is_the_element_not_the_container) {
  store s("types", local::connector());
  const std::vector<double> values = {1, 2, 3};
  const std::pmr::vector<double> others = {4, 5};
  EXPECT_EQ(s.get<std::pmr::vector<double>>(s.put(values)), (std::pmr::vector<double>{1, 2, 3}));
  EXPECT_EQ(s.get<std::vector<double>>(s.put(others)), (std::vector<double>{4, 5}));
  EXPECT_EQ(*proxy<std::pmr::vector<double>>::from_bytes(s.proxy(values).to_bytes()),
            (std::pmr::vector<double>{1, 2, 3}));
  EXPECT_EQ(s.get<std::vector<double>>(s.put(std::span(values).first(1))), std::vector<double>{1});
  EXPECT_EQ(type_of<std::string>(), type_of<std::vector<char>>());
}

TEST(type_identity, of_numbers_is_kind_and_width) {
  static_assert(sizeof(long) == sizeof(long long));
  EXPECT_EQ(type_of<std::vector<long>>(), type_of<std::vector<long long>>());
  EXPECT_EQ(type_of<unsigned long>(), type_of<unsigned long long>());
  EXPECT_EQ(type_of<char16_t>(), type_of<std::uint16_t>());
  EXPECT_EQ(type_of<std::vector<std::int8_t>>(), type_of<std::vector<signed char>>());

  const std::vector<type_id> different = {
      type_of<bool>(),
      type_of<char>(),
      type_of<std::int8_t>(),
      type_of<std::uint8_t>(),
      type_of<std::byte>(),
      type_of<short>(),
      type_of<int>(),
      type_of<unsigned>(),
      type_of<std::int64_t>(),
      type_of<std::uint64_t>(),
      type_of<float>(),
      type_of<double>(),
      type_of<long double>(),
      type_of<std::vector<double>>(),
      type_of<std::vector<float>>(),
      type_of<std::array<double, 2>>(),
      type_of<std::array<double, 3>>(),
      type_of<std::vector<std::vector<double>>>(),
  };
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(different[i], different[j]) << describe(different[i]);
  }
}

TEST(type_identity, of_classes_is_name_and_layout) {
  EXPECT_EQ(type_of<somewhere::particle>(), type_of<somewhere::particle>());
  EXPECT_NE(type_of<somewhere::particle>(), type_of<elsewhere::particle>());
  EXPECT_NE(type_of<somewhere::particle>(), type_of<std::vector<somewhere::particle>>())
      << "one is not a run of them";
  EXPECT_NE(type_of<somewhere::box<int>>(), type_of<somewhere::box<long>>());
}

TEST(type_identity, of_an_alias_is_that_of_its_type) {
  using alias = somewhere::particle;
  using numbers = std::vector<std::int64_t>;
  EXPECT_EQ(type_of<alias>(), type_of<somewhere::particle>());
  EXPECT_EQ(type_of<numbers>(), type_of<std::vector<long long>>());
}

enum class colour : std::uint8_t { red, green };
enum class shade : std::uint8_t { red, green };

TEST(type_identity, of_enumerations_is_their_own) {
  EXPECT_NE(type_of<colour>(), type_of<shade>());
  EXPECT_NE(type_of<colour>(), type_of<std::uint8_t>());
  EXPECT_NE(type_of<std::vector<colour>>(), type_of<std::vector<std::uint8_t>>());
}

TEST(type_identity, tells_signs_apart) {
  store s("types", local::connector());
  const key numbers = s.put(std::vector<int>{-1});
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return s.get<std::vector<unsigned>>(numbers); },
                    {"a range of i32", "a range of u32"}));
  EXPECT_EQ(s.get<std::vector<char>>(s.put(std::string("ab"))), (std::vector<char>{'a', 'b'}));
}

TEST(type_identity, may_be_named_by_the_user) {
  EXPECT_EQ(type_of<named::a>(), type_of<named::b>());
  EXPECT_NE(type_of<named::a>(), type_of<named::wider_a>()) << "of one name and another size";
  EXPECT_NE(type_of<std::vector<named::a>>(), type_of<std::vector<named::wider_a>>());
}

TEST(type_identity, mismatch_names_both_types_and_the_cure) {
  store s("types", local::connector());
  const key floats = s.put(std::vector<float>{1});
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return s.get<std::vector<double>>(floats); },
                    {"a range of f32", "a range of f64", "producer's element type"}));
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return s.proxy_from_key<std::vector<double>>(floats); }));
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return s.get<float>(floats); }, {"a range of f32"}));

  const auto p = s.proxy(somewhere::particle{1, 2});
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<elsewhere::point>::from_bytes(p.to_bytes()); },
                    {"somewhere::particle", "elsewhere::point"}));
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<int>::from_string(p.to_string()); }));
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return s.get<int>(s.put(std::vector<std::string>{"a"})); },
                    {"an archived std::vector<"}));
}

TEST(type_identity, size_of_an_object_must_be_its_type) {
  store s("types", local::connector());
  const key good = s.put(1.5);
  const key lie(good.type(), 7, good.id());
  EXPECT_TRUE(fails(errc::corrupt, [&] { return s.get<double>(lie); }, {"size"}));
  EXPECT_TRUE(fails(errc::corrupt, [&] { return s.proxy_from_key<double>(lie); }, {"size"}));
}

TEST(type_identity, unknown_types_are_described_by_number) {
  EXPECT_EQ(describe(type_id{12345}), "type number 12345");
  EXPECT_EQ(describe(type_of<std::vector<unsigned short>>()), "a range of u16");
}

TEST(type_identity, is_a_constant_of_the_wire) {  // changing it makes stored objects unreadable
  EXPECT_EQ(type_of<double>().value, detail::make_type_id<double>("object").value);
  EXPECT_EQ(detail::make_type_id<double>("range").value, 15404874648895165246U);
}

// Written down, because two compilers have to agree on them: GCC spells std::string and long otherwise than
// clang.
TEST(type_identity, templates_are_one_type_for_every_compiler) {
  using detail::make_type_id;
  EXPECT_EQ(make_type_id<std::string>("archive").value, 5052270584861836361U);
  EXPECT_EQ((make_type_id<std::map<std::string, std::vector<long>>>("archive").value), 10526217274427835169U);
  EXPECT_EQ((make_type_id<std::pair<const long, std::array<unsigned long, 3>>>("archive").value),
            17023969325668327734U);
}

TEST(type_identity, where_memory_is_had_from_does_not_count_and_all_else_does) {
  using detail::make_type_id;
  EXPECT_EQ((make_type_id<std::map<std::string, int>>("archive")),
            (make_type_id<std::pmr::map<std::pmr::string, int>>("archive")));
  EXPECT_NE((make_type_id<std::map<std::string, int>>("archive")),
            (make_type_id<std::map<std::string, unsigned>>("archive")));
  EXPECT_NE((make_type_id<std::map<int, std::string>>("archive")),
            (make_type_id<std::unordered_map<int, std::string>>("archive")));
  EXPECT_NE((make_type_id<std::array<int, 3>>("archive")), (make_type_id<std::array<int, 4>>("archive")));
  EXPECT_NE((make_type_id<std::pair<int, std::pair<int, int>>>("archive")),
            (make_type_id<std::pair<std::pair<int, int>, int>>("archive")));
}

TEST(type_identity, spelled_names_are_complete) {
  EXPECT_EQ(spelled_name<somewhere::particle>(), "somewhere::particle");
  // Cut at the first bracket, these two would be one type.
  using one = somewhere::both<somewhere::box<int[2]>, int>;
  using two = somewhere::both<somewhere::box<int[2]>, float>;
  EXPECT_NE(spelled_name<one>(), spelled_name<two>());
  EXPECT_NE(spelled_name<one>().find("int>"), std::string_view::npos) << spelled_name<one>();
  EXPECT_EQ(spelled_name<one>().back(), '>') << spelled_name<one>();
}

}  // namespace
}  // namespace farhold
