// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

namespace farhold {
namespace {

using test::fails;
using bytes = std::vector<std::byte>;
using doubles = std::vector<double>;

// As long as a socket address and a job's directory make them.
constexpr const char* some_uri = "ucx://[fd00:1234:5678::9abc:def0]:34567/?device=mlx5_0:1";

struct token : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store fields{"simulation/fields", test::watched(watch, some_uri)};

  /// A proxy with a key as the one-sided connectors make them.
  [[nodiscard]] proxy<doubles> with_long_key() const {
    bytes id(32);
    std::iota(reinterpret_cast<unsigned char*>(id.data()), reinterpret_cast<unsigned char*>(id.data()) + 32,
              100);
    return fields.proxy_from_key<doubles>(key(detail::type_of<doubles>(), 8000, id));
  }

  static std::string refusal_of(const std::function<void()>& decode) {
    try {
      decode();
    } catch (const error& problem) {
      switch (problem.kind()) {
        case errc::truncated:
        case errc::corrupt:
        case errc::unsupported: return "";
        default: return std::string("unexpected kind: ") + problem.what();
      }
    }
    return "it was accepted";
  }

  static void expect_every_damage_is_refused(const bytes& good) {
    ASSERT_NO_THROW(store_factory::decode(good));
    for (std::size_t length = 0; length < good.size(); ++length) {
      const bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(refusal_of([&] { store_factory::decode(cut); }), "") << "cut to " << length;
    }
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      bytes flipped = good;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_EQ(refusal_of([&] { store_factory::decode(flipped); }), "") << "bit " << bit;
    }
    bytes longer = good;
    longer.push_back(std::byte{0});
    EXPECT_EQ(refusal_of([&] { store_factory::decode(longer); }), "");
  }
};

TEST_F(token, keeps_its_sizes) {
  const auto p = with_long_key();
  EXPECT_LE(p.to_bytes(token_form::compact).size(), 64U);
  EXPECT_LE(p.to_bytes(token_form::portable).size(), 256U);
  EXPECT_LE(p.to_string().size(), 344U);

  store longest(std::string(100, 'n'), test::watched(watch, std::string(95, 'u')));
  const auto q = longest.proxy_from_key<doubles>(p.key());
  EXPECT_LE(q.to_bytes().size(), 256U);
  EXPECT_LE(q.to_string().size(), 344U);
}

TEST_F(token, says_all_that_the_proxy_says) {
  const auto p = with_long_key();
  const auto portable = store_factory::decode(p.to_bytes());
  EXPECT_EQ(portable.store_name(), "simulation/fields");
  EXPECT_EQ(portable.uri(), some_uri);
  EXPECT_EQ(portable.object(), p.key());
  EXPECT_FALSE(portable.inlined());

  const auto compact = store_factory::decode(p.to_bytes(token_form::compact));
  EXPECT_EQ(compact.store_name(), "simulation/fields") << "found by its hash, because the store is open here";
  EXPECT_EQ(compact.object(), p.key());
  EXPECT_EQ(compact.name_hash(), portable.name_hash());
}

TEST_F(token, of_an_inline_object_carries_it) {
  for (const std::size_t count : {0U, 1U, 128U}) {
    doubles values(count);
    std::iota(values.begin(), values.end(), 1.5);
    const auto p = fields.proxy(values);
    for (const token_form form : {token_form::portable, token_form::compact}) {
      const auto q = proxy<doubles>::from_bytes(p.to_bytes(form));
      EXPECT_FALSE(q.resolved());
      EXPECT_EQ(*q, values);
    }
    EXPECT_EQ(*proxy<doubles>::from_string(p.to_string()), values);
  }
  EXPECT_EQ(watch->gets, 0);
}

TEST_F(token, as_text_is_url_safe_and_begins_with_fhol) {
  std::mt19937 random(3);
  for (std::size_t size = 1; size < 40; ++size) {  // every remainder of the length by three
    bytes id(size);
    for (std::byte& b : id) b = static_cast<std::byte>(random() & 255U);
    const auto p = fields.proxy_from_key<doubles>(key(detail::type_of<doubles>(), random(), id));
    const std::string text = p.to_string();
    EXPECT_EQ(text.substr(0, 4), "fhol");
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_EQ(proxy<doubles>::from_string(text).key(), p.key());
    EXPECT_EQ(proxy<doubles>::from_string(text).to_string(), text);
  }
}

TEST_F(token, damaged_is_refused_portable) { expect_every_damage_is_refused(with_long_key().to_bytes()); }
TEST_F(token, damaged_is_refused_compact) {
  expect_every_damage_is_refused(with_long_key().to_bytes(token_form::compact));
}
TEST_F(token, damaged_is_refused_inlined) {
  expect_every_damage_is_refused(fields.proxy(doubles(20, 0.25)).to_bytes());
  expect_every_damage_is_refused(fields.proxy(doubles()).to_bytes(token_form::compact));
}

TEST_F(token, damaged_as_text_is_refused) {
  const std::string good = with_long_key().to_string();
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(refusal_of([&] { store_factory::from_text(good.substr(0, length)); }), "")
        << "cut to " << length;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string flipped = good;
      flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << bit));
      EXPECT_EQ(refusal_of([&] { store_factory::from_text(flipped); }), "") << at << ' ' << bit;
    }
  }
  for (const char* const extra : {"=", "==", "\n", " ", "A", "AA", "AAA"}) {
    EXPECT_EQ(refusal_of([&] { store_factory::from_text(good + extra); }), "") << extra;
    EXPECT_EQ(refusal_of([&] { store_factory::from_text(extra + good); }), "") << extra;
  }
}

TEST_F(token, as_text_has_one_spelling) {  // the bits that base64 leaves over must be zero
  for (std::size_t size = 1; size < 7; ++size) {
    const bytes id(size, std::byte{1});
    const std::string good =
        fields.proxy_from_key<doubles>(key(detail::type_of<doubles>(), 1, id)).to_string();
    if (good.size() % 4 == 0) continue;
    std::string other = good;
    other.back() = static_cast<char>(other.back() + 1);  // the last character was of a multiple of 4 or 16
    EXPECT_TRUE(fails(errc::corrupt, [&] { return store_factory::from_text(other); }))
        << good << ' ' << other;
  }
}

TEST_F(token, of_another_version_says_so) {
  bytes other = with_long_key().to_bytes();
  other[3] = std::byte{2};
  EXPECT_TRUE(
      fails(errc::unsupported, [&] { return store_factory::decode(other); }, {"version 2", "version 1"}));
}

TEST_F(token, random_bytes_are_refused) {
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    bytes any(random() % 128);
    for (std::byte& b : any) b = static_cast<std::byte>(random() & 255U);
    if (round % 2 == 0 && any.size() > 4)
      std::ranges::copy(std::array{0x7E, 0x1A, 0x25, 1}, reinterpret_cast<unsigned char*>(any.data()));
    ASSERT_EQ(refusal_of([&] { store_factory::decode(any); }), "");
  }
}

// A liar can make the checksum fit, so that what it protects must still be looked at.
struct forged_token : token {
  static bytes sealed(bytes body) {
    const auto check = static_cast<std::uint32_t>(XXH3_64bits(body.data(), body.size()));
    const auto* const at = reinterpret_cast<const std::byte*>(&check);
    body.insert(body.end(), at, at + 4);
    return body;
  }
  static bytes body_of(const bytes& good) { return {good.begin(), good.end() - 4}; }
};

TEST_F(forged_token, sealing_is_done_as_the_library_does) {
  const bytes good = with_long_key().to_bytes();
  EXPECT_EQ(sealed(body_of(good)), good);
}

TEST_F(forged_token, with_any_kind_is_refused_or_harmless) {
  const bytes body = body_of(with_long_key().to_bytes());
  for (unsigned kind = 0; kind < 256; ++kind) {
    if (kind == 1) continue;
    bytes forged = body;
    forged[4] = static_cast<std::byte>(kind);
    EXPECT_EQ(refusal_of([&] { store_factory::decode(sealed(forged)); }), "") << kind;
  }
}

TEST_F(forged_token, cut_anywhere_is_refused) {
  for (const bytes& good : {with_long_key().to_bytes(), with_long_key().to_bytes(token_form::compact),
                            fields.proxy(doubles(3)).to_bytes()}) {
    const bytes body = body_of(good);
    for (std::size_t length = 5; length < body.size(); ++length) {
      const bytes cut = sealed({body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length)});
      EXPECT_EQ(refusal_of([&] { store_factory::decode(cut); }), "") << length;
    }
    bytes longer = body;
    longer.push_back(std::byte{0});
    EXPECT_TRUE(fails(errc::corrupt, [&] { return store_factory::decode(sealed(longer)); }, {"length"}));
  }
}

TEST_F(forged_token, bits_anywhere_do_no_harm) {
  const bytes body = body_of(fields.proxy(doubles(3, 1.0)).to_bytes());
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    bytes forged = body;
    forged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      const auto p = proxy<doubles>::from_bytes(sealed(forged));
      static_cast<void>(p.resolve());
    } catch (const error&) {  // any error is good; the sanitizers watch for what is not
    }
  }
}

TEST_F(forged_token, that_names_no_object_is_refused) {
  const auto empty = fields.proxy_from_key<doubles>(key(detail::type_of<doubles>(), 0, {}));
  EXPECT_TRUE(fails(errc::corrupt, [&] { return store_factory::decode(empty.to_bytes()); }, {"no object"}));
}

TEST(token_of_unknown_store, passes_on_in_the_form_it_came) {
  auto watch = std::make_shared<test::watch>();
  bytes compact, portable;
  {
    store gone("gone", test::watched(watch, "file:///scratch/run7"));
    const auto p = gone.proxy_from_key<int>(gone.put(3));
    compact = p.to_bytes(token_form::compact);
    portable = p.to_bytes();
  }
  const auto p = proxy<int>::from_bytes(portable);
  EXPECT_EQ(p.to_bytes(), portable);
  EXPECT_EQ(p.to_bytes(token_form::compact), compact);
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return p.resolve(); },
                    {"'gone'", "open it under the producer's name", "'file:///scratch/run7'"}));

  const auto q = proxy<int>::from_bytes(compact);
  EXPECT_EQ(q.to_bytes(token_form::compact), compact);
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return q.to_bytes(); }, {"compact"}));
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return q.to_string(); }));
  EXPECT_TRUE(fails(errc::store_unknown, [&] { return q.resolve(); }));
}

}  // namespace
}  // namespace farhold
