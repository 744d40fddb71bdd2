// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What goes in comes out: sizes, element types, and the forms in which a proxy travels.
#include <array>
#include <map>

#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include "suite.hpp"

namespace farhold::conformance {

using values = suite;
using bytes = std::vector<std::byte>;

struct sample {
  std::uint64_t step;
  std::array<float, 3> position;
  std::int16_t kind;
  friend bool operator==(const sample&, const sample&) = default;
};

namespace {

sample make_sample(std::uint64_t producer, std::uint64_t i) {
  const float x = static_cast<float>(i) + 0.25F;
  return {producer << 32U | i, {x, -x, 2 * x}, static_cast<std::int16_t>(i % 1000)};
}

/// Sizes at which something changes: nothing there, the alignment of trailers and blocks, a page and a bit,
/// a transfer that is cut into pieces.
constexpr std::array<std::size_t, 14> interesting_sizes = {
    0, 1, 7, 8, 9, 63, 64, 65, 127, 4097, 65'536, (1U << 20U) + 3, (16U << 20U), (20U << 20U) + 5};

}  // namespace

TEST_F(values, objects_of_every_size_arrive_whole) {
  store& s = open({.inline_bytes = 0}, std::uint64_t{96} << 20U);
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto all = hand_out_many<bytes>(interesting_sizes.size(), producer, [&](std::size_t i) {
      return s.proxy(payload(interesting_sizes[i], {owner, i}));
    });
    if (!consumes(producer)) return;
    for (std::size_t i = 0; i < all.size(); ++i) {
      SCOPED_TRACE(std::to_string(interesting_sizes[i]) + " bytes");
      EXPECT_EQ(all[i].size_bytes(), interesting_sizes[i]);
      EXPECT_FALSE(all[i].resolved());
      expect_payload(*all[i], interesting_sizes[i], {owner, i});
      EXPECT_TRUE(all[i].resolved());
    }
  });
}

TEST_F(values, objects_around_the_inline_limit) {
  constexpr std::size_t limit = 300;
  constexpr std::array<std::size_t, 3> sizes = {limit - 1, limit, limit + 1};
  store& s = open({.inline_bytes = limit});
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    const auto all = hand_out_many<bytes>(sizes.size(), producer, [&](std::size_t i) {
      return s.proxy(payload(sizes[i], {owner, i}));
    });
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    for (std::size_t i = 0; i < all.size(); ++i) {
      SCOPED_TRACE(std::to_string(sizes[i]) + " bytes");
      EXPECT_EQ(all[i].key().empty(), sizes[i] <= limit) << "inline objects have no key in the store";
      expect_payload(*all[i], sizes[i], {owner, i});
    }
    EXPECT_EQ(s.metrics().on(path::inlined).resolves - before.on(path::inlined).resolves, 2U);
    EXPECT_THAT(outcome_of([&] {
                  s.evict(all[0].key());
                  return 0;
                }),
                fails_with(errc::unsupported));
  });
}

TEST_F(values, elements_and_objects_of_many_types) {
  store& s = open();
  using table = std::map<std::string, std::vector<int>>;
  for_each_producer([&](int producer) {
    const auto owner = static_cast<std::uint64_t>(producer);
    std::vector<double> numbers(1003);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 1.0 / static_cast<double>(i + owner + 1);
    std::vector<sample> samples(777);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = make_sample(owner, i);
    const std::string text = "text of rank " + std::to_string(producer) + std::string(2000, '!');
    const table archived = {{"rank", {producer}}, {"squares", {1, 4, 9, 16}}, {"", {}}, {text, {-1}}};
    const double number = 0.1 + producer;

    // Collective: every process takes part, and who looks only compares.
    const auto round_trip = [&]<class T>(const char* what, const T& expected) {
      SCOPED_TRACE(what);
      const proxy<T> got = hand_out(rank() == producer ? s.proxy(expected) : proxy<T>(), producer);
      if (consumes(producer)) {
        EXPECT_EQ(*got, expected);
      }
    };
    round_trip("doubles", numbers);
    round_trip("structs", samples);
    round_trip("one struct", samples[42]);
    round_trip("one double", number);
    round_trip("text", text);
    round_trip("no elements", std::vector<double>());
    round_trip("an archived map", archived);
    round_trip("an empty archived map", table());
  });
}

TEST_F(values, a_proxy_travels_in_every_form) {
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 1};
    proxy<bytes> made;
    if (rank() == producer) made = s.proxy(payload(5000, of));
    const auto compact = hand_out(made, producer, token_form::compact);
    const auto portable = hand_out(made, producer, token_form::portable);
    // As text, through whatever carries text.
    const std::string mine = rank() == producer ? made.to_string() : std::string();
    const auto carried = std::as_bytes(std::span(mine));
    const bytes text_bytes = broadcast({carried.begin(), carried.end()}, producer);
    const std::string text(reinterpret_cast<const char*>(text_bytes.data()), text_bytes.size());
    const auto from_text = proxy<bytes>::from_string(text);
    EXPECT_LE(text.size(), 344U);
    EXPECT_LE(compact.to_bytes(token_form::portable).size(), 256U);
    if (!consumes(producer)) return;
    for (const proxy<bytes>* p : {&compact, &portable, &from_text}) {
      expect_payload(**p, 5000, of);
      EXPECT_EQ(p->to_string(), text) << "passing a proxy on does not change it";
      EXPECT_EQ(p->key(), compact.key());
    }
  });
}

TEST_F(values, keys_work_without_proxies) {
  store& s = open();
  for_each_producer([&](int producer) {
    const origin of{static_cast<std::uint64_t>(producer), 2};
    bytes encoded;
    if (rank() == producer) {
      const key made = s.put(payload(3000, of));
      encoded.resize(made.encoded_bytes());
      made.encode(encoded.data());
    }
    encoded = broadcast(std::move(encoded), producer);
    EXPECT_LE(encoded.size(), key::max_encoded_bytes);
    byte_view rest = encoded;
    const key object = key::decode(rest);
    EXPECT_TRUE(rest.empty());
    if (!consumes(producer)) return;
    expect_payload(s.get<bytes>(object), 3000, of);
    expect_payload(*s.proxy_from_key<bytes>(object), 3000, of);
  });
}

TEST_F(values, the_wrong_type_is_an_error_and_moves_nothing) {
  store& s = open();
  for_each_producer([&](int producer) {
    proxy<std::vector<double>> made;
    if (rank() == producer) made = s.proxy(std::vector<double>(100, 1.5));
    const auto right = hand_out(made, producer);
    if (!consumes(producer)) return;
    const metrics before = s.metrics();
    const auto token = right.to_bytes();
    EXPECT_THAT(outcome_of([&] { return proxy<std::vector<float>>::from_bytes(token); }),
                fails_with(errc::wrong_type));
    EXPECT_THAT(outcome_of([&] { return proxy<double>::from_bytes(token); }), fails_with(errc::wrong_type));
    EXPECT_THAT(outcome_of([&] { return s.get<std::vector<std::int64_t>>(right.key()); }),
                fails_with(errc::wrong_type));
    const outcome told = outcome_of([&] { return s.get<std::string>(right.key()); });
    EXPECT_THAT(told, fails_with(errc::wrong_type));
    EXPECT_THAT(told.message, testing::HasSubstr("f64"));
    EXPECT_EQ(s.metrics().on(tested().way).resolves, before.on(tested().way).resolves);
    EXPECT_EQ(*right, std::vector<double>(100, 1.5));
  });
}

}  // namespace farhold::conformance
