// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What lies in memory under a key may be anything, if its producer was.
#include <farhold/serializer.hpp>

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <boost/serialization/valarray.hpp>

#include <farhold/detail/target.hpp>

#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;
using bytes = std::vector<std::byte>;

template <class T>
bytes archived(const T& value) {
  bytes out(serializer<T>::size_bytes(value));
  serializer<T>::write(value, out);
  return out;
}
template <class T>
auto reading(bytes in) {
  return [in = std::move(in)] { return serializer<T>::read(in); };
}
bytes of_numbers(std::initializer_list<std::uint64_t> numbers) {
  const byte_view view = std::as_bytes(std::span(numbers.begin(), numbers.size()));
  return {view.begin(), view.end()};
}

struct tree {
  std::vector<tree> children;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& children;
  }
};
struct chain {
  std::unique_ptr<chain> next;
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& next;
  }
};
struct big {
  std::string text;
  std::array<double, 1000> values = {};
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& text;
  }
};

template <class T>
void expect_count_is_not_believed() {
  for (const std::uint64_t count : {std::uint64_t{1} << 60U, std::numeric_limits<std::uint64_t>::max(),
                                    std::uint64_t{1} << 32U, std::uint64_t{17}}) {
    EXPECT_TRUE(fails(errc::corrupt, reading<T>(of_numbers({count, 0})))) << count;
  }
}

TEST(hostile_archive, count_is_bounded_by_the_bytes) {
  expect_count_is_not_believed<std::vector<std::string>>();
  expect_count_is_not_believed<std::vector<std::vector<double>>>();
  expect_count_is_not_believed<std::vector<bool>>();
  expect_count_is_not_believed<std::deque<std::string>>();
  expect_count_is_not_believed<std::map<int, double>>();
  expect_count_is_not_believed<std::unordered_set<int>>();
  expect_count_is_not_believed<std::vector<big>>();
  expect_count_is_not_believed<std::valarray<double>>();
  // Read as elements, where as an object of its own each would be a run of its bytes.
  EXPECT_TRUE(fails(errc::corrupt, reading<std::tuple<std::vector<double>>>(of_numbers({1ULL << 60U, 0}))));
  EXPECT_TRUE(fails(errc::corrupt, reading<std::tuple<std::vector<double>>>(of_numbers({2, 0}))));
  EXPECT_TRUE(fails(errc::corrupt, reading<std::tuple<std::string>>(of_numbers({9, 0}))));
  EXPECT_TRUE(fails(errc::corrupt, reading<std::tuple<std::u32string>>(of_numbers({3, 0}))));
}

TEST(hostile_archive, memory_is_not_reserved_for_what_does_not_come) {
  // A megabyte that claims a million elements of eight kilobytes each, of which the first does not begin
  // well.
  bytes in(1U << 20U, std::byte{0xFF});
  const std::uint64_t count = 1U << 19U;
  std::memcpy(in.data(), &count, sizeof count);
  EXPECT_TRUE(fails(errc::corrupt, reading<std::vector<big>>(in)));
  detail::archive_reader archive(in);
  std::vector<big> values;
  EXPECT_THROW(archive >> values, error);
  EXPECT_LE(values.capacity() * sizeof(big), in.size());
}

TEST(hostile_archive, depth_is_bounded) {
  bytes in = of_numbers({});
  const auto level = archived(tree{{tree()}});
  in.insert(in.end(), level.begin(), level.begin() + static_cast<std::ptrdiff_t>(level.size() - 8));
  for (int i = 0; i < 100000; ++i) {
    const bytes one = of_numbers({1});
    in.insert(in.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(fails(errc::corrupt, reading<tree>(in), {"no end"}));

  bytes links(100000, std::byte{1});
  EXPECT_TRUE(fails(errc::corrupt, reading<std::unique_ptr<chain>>(links)));
}

TEST(hostile_archive, depth_that_is_allowed_is_read) {
  chain front;
  chain* back = &front;
  for (unsigned level = 0; level < detail::max_archive_depth / 2 - 1; ++level) {
    back->next = std::make_unique<chain>();
    back = back->next.get();
  }
  EXPECT_NO_THROW(reading<chain>(archived(front))());
  back->next = std::make_unique<chain>();
  EXPECT_TRUE(fails(errc::invalid_argument, [&] { return archived(front); }, {"depth"}));
}

TEST(hostile_archive, truth_is_zero_or_one) {
  for (unsigned value = 2; value < 256; ++value) {
    const bytes one(1, static_cast<std::byte>(value));
    EXPECT_TRUE(fails(errc::corrupt, reading<std::tuple<bool>>(one)));
    bytes in = of_numbers({1});
    in.push_back(one[0]);
    EXPECT_TRUE(fails(errc::corrupt, reading<std::vector<bool>>(in)));
    for (auto* const finish : {+[](byte_view b) {
                                 detail::object_target<bool> t;
                                 return t.fill(b).ok() && (t.finish(1), true);
                               },
                               +[](byte_view b) {
                                 detail::object_target<std::array<bool, 1>> t;
                                 return t.fill(b).ok() && (t.finish(1), true);
                               }}) {
      EXPECT_TRUE(fails(errc::corrupt, [&] { return finish(one); }, {"truth value"}));
    }
  }
}

TEST(hostile_archive, optional_is_engaged_or_not) {
  for (unsigned value = 2; value < 256; ++value) {
    bytes in(5, std::byte{0});
    in[0] = static_cast<std::byte>(value);
    EXPECT_TRUE(fails(errc::corrupt, reading<std::optional<int>>(in), {"optional"}));
  }
}

TEST(hostile_archive, variant_has_an_alternative_of_its_type) {
  using value = std::variant<std::monostate, int>;
  for (const std::uint32_t index : {2U, 3U, 255U, 0x80000000U, 0xFFFFFFFFU}) {
    bytes in = archived(value(5));
    std::memcpy(in.data(), &index, sizeof index);
    EXPECT_TRUE(fails(errc::corrupt, reading<value>(in), {"alternative"})) << index;
  }
}

TEST(hostile_archive, cut_or_changed_anywhere_does_no_harm) {
  using value = std::variant<std::monostate, bool, std::string, std::vector<double>>;
  using rich =
      std::map<std::string, std::tuple<std::vector<std::optional<value>>, std::vector<std::shared_ptr<chain>>,
                                       tree, std::vector<bool>>>;
  const auto shared = std::make_shared<chain>();
  shared->next = std::make_unique<chain>();
  rich object;
  object["a"] = {{value(), value(true), std::nullopt, value("text"), value(std::vector<double>{1, 2})},
                 {shared, nullptr, shared},
                 tree{{tree(), tree()}},
                 {true, false}};
  const bytes good = archived(object);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_TRUE(fails(errc::corrupt,
                      reading<rich>({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)})))
        << length;
  }
  int accepted = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned change = 1; change < 256; change += 2) {
      bytes in = good;
      in[at] ^= static_cast<std::byte>(change);
      try {
        serializer<rich>::read(in);
        ++accepted;
      } catch (const error&) {  // any error is good; the sanitizers watch for what is not
      }
    }
  }
  EXPECT_GT(accepted, 0) << "changed numbers are other numbers";
}

}  // namespace
}  // namespace farhold
