// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <farhold/named_factory.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory_resource>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>
#include <boost/archive/text_iarchive.hpp>
#include <boost/archive/text_oarchive.hpp>

#include <farhold/farhold.hpp>
#include <farhold/local.hpp>

#include "support/fails.hpp"

namespace recipes {

std::atomic<int> calls = 0;

struct line {  // travels as it lies
  double from = 0, step = 1;
  int count = 0;
  std::vector<double> operator()() const {
    ++calls;
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(from + i * step);
    return values;
  }
};

struct text {  // by its serialize, and with a proxy within
  std::vector<std::string> words;
  farhold::proxy<std::string> end;
  std::string operator()() const {
    ++calls;
    std::string all;
    for (const std::string& word : words) all += word + ' ';
    return all + *end;
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& words& end;
  }
};

struct answer {  // has no state
  int operator()() const { return 42; }
};
struct other_answer {
  int operator()() const { return 43; }
};
struct late {
  int operator()() const { return 44; }
};
struct pmr_line {
  int count = 0;
  std::pmr::vector<double> operator()() const { return {1, 2}; }
};
struct failing {
  int value = 0;
  int operator()() const { throw std::domain_error("thrown by the user's class"); }
};

}  // namespace recipes

namespace farhold {
namespace {

using test::fails;
using doubles = std::vector<double>;
using bytes = std::vector<std::byte>;

struct named : testing::Test {
  named() {
    register_factory<recipes::line>("line/1");
    register_factory<recipes::text>("text/1");
    register_factory<recipes::answer>("answer/1");
    register_factory<recipes::pmr_line>("pmr_line/1");
    register_factory<recipes::failing>("failing/1");
    recipes::calls = 0;
  }
  static proxy<doubles> line() { return proxy<doubles>(factory<doubles>(recipes::line{1, 0.5, 3})); }
};

TEST_F(named, factory_travels_in_every_form_and_is_called_where_it_arrives) {
  const auto p = line();
  for (const token_form form : {token_form::portable, token_form::compact}) {
    const auto q = proxy<doubles>::from_bytes(p.to_bytes(form));
    EXPECT_FALSE(q.resolved());
    EXPECT_EQ(q, (doubles{1, 1.5, 2}));
  }
  EXPECT_EQ(recipes::calls, 2);
  EXPECT_FALSE(p.resolved());

  const std::string text = p.to_string();
  EXPECT_EQ(text.substr(0, 4), "fhol");
  EXPECT_EQ(proxy<doubles>::from_string(text), (doubles{1, 1.5, 2}));

  std::stringstream stream;
  boost::archive::text_oarchive(stream) << p;
  proxy<doubles> q;
  boost::archive::text_iarchive(stream) >> q;
  EXPECT_EQ(q.size(), 3U);
}

TEST_F(named, factory_travels_on) {
  const bytes token = line().to_bytes();
  EXPECT_EQ(proxy<doubles>::from_bytes(token).to_bytes(), token);
  auto resolved = proxy<doubles>::from_bytes(token);
  resolved.resolve();
  EXPECT_EQ(resolved.to_bytes(), token);
}

TEST_F(named, factory_carries_its_state_and_proxies_within) {
  store s("named", local::connector(), {.inline_bytes = 0});
  const proxy<std::string> p(
      factory<std::string>(recipes::text{{"one", "two"}, s.proxy(std::string("end"))}));
  const auto q = proxy<std::string>::from_bytes(p.to_bytes());
  EXPECT_EQ(recipes::calls, 0);
  EXPECT_EQ(q, "one two end");
  EXPECT_EQ(proxy<int>::from_bytes(proxy<int>(factory<int>(recipes::answer())).to_bytes()), 42);
}

TEST_F(named, proxy_nests_in_stored_objects) {
  store s("named", local::connector(), {.inline_bytes = 0});
  const std::vector<proxy<doubles>> many = {line(), line()};
  const auto outer = s.proxy(many);
  EXPECT_EQ(outer->at(1), (doubles{1, 1.5, 2}));
  EXPECT_EQ(recipes::calls, 1);
}

TEST_F(named, factory_that_throws_is_asked_again) {
  const auto p = proxy<int>::from_bytes(proxy<int>(factory<int>(recipes::failing())).to_bytes());
  EXPECT_THROW(p.resolve(), std::domain_error);
  EXPECT_THROW(p.resolve(), std::domain_error);
}

TEST_F(named, proxy_has_no_key) {
  EXPECT_TRUE(fails(errc::unsupported, [] { return line().key(); }, {"no object in a store"}));
}

TEST_F(named, class_without_a_name_does_not_travel) {
  const proxy<int> p(factory<int>(recipes::late{}));
  EXPECT_TRUE(fails(errc::unsupported, [&] { return p.to_bytes(); }, {"register_factory", "store.proxy()"}));
  register_factory<recipes::late>("late/1");
  EXPECT_EQ(proxy<int>::from_bytes(p.to_bytes()), 44) << "and does as soon as it has one";
  const proxy<int> lambda(factory<int>([] { return 1; }));
  EXPECT_TRUE(fails(errc::unsupported, [&] { return lambda.to_string(); }, {"register_factory"}));
}

TEST_F(named, registration_is_one_to_one) {
  EXPECT_NO_THROW(register_factory<recipes::line>("line/1"));
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [] { return register_factory<recipes::other_answer>("answer/1"), 0; }, {"'answer/1'"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return register_factory<recipes::answer>("answer/2"), 0; },
                    {"'answer/2'", "'answer/1'"}));
  EXPECT_TRUE(fails(errc::invalid_argument, [] { return register_factory<recipes::other_answer>(""), 0; }));
  EXPECT_TRUE(fails(errc::invalid_argument,
                    [] { return register_factory<recipes::other_answer>(std::string(256, 'n')), 0; }));
}

TEST_F(named, factory_of_another_type_is_refused) {
  const bytes token = line().to_bytes();
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<std::vector<float>>::from_bytes(token); },
                    {"'line/1'", "a range of f64", "a range of f32"}));
  // Their elements are one type, and what the callables return is not.
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<std::pmr::vector<double>>::from_bytes(token); }));
  EXPECT_TRUE(fails(errc::unsupported, [&] { return store_factory::decode(token); }, {"registered factory"}));
}

TEST_F(named, factories_are_registered_and_used_by_many_threads) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&right] {
      for (int i = 0; i < 200; ++i) {
        register_factory<recipes::line>("line/1");
        if (proxy<doubles>::from_bytes(line().to_bytes())->size() == 3) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * 200);
}

// ---- forged

bytes sealed(bytes body) {
  const auto check = static_cast<std::uint32_t>(XXH3_64bits(body.data(), body.size()));
  const auto* const at = reinterpret_cast<const std::byte*>(&check);
  body.insert(body.end(), at, at + 4);
  return body;
}
bytes body_of(const bytes& good) { return {good.begin(), good.end() - 4}; }
constexpr std::size_t name_at = 6, result_at = name_at + 6, callable_at = result_at + 8;  // of "line/1"

TEST_F(named, unknown_name_says_what_to_do) {
  bytes body = body_of(line().to_bytes());
  body[name_at] = std::byte{'m'};
  EXPECT_TRUE(fails(errc::unsupported, [&] { return proxy<doubles>::from_bytes(sealed(body)); },
                    {"'mine/1'", "register_factory"}));
}

TEST_F(named, name_with_another_class_or_result_there_is_wrong_type) {
  bytes body = body_of(line().to_bytes());
  body[callable_at] ^= std::byte{1};
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<doubles>::from_bytes(sealed(body)); },
                    {"'line/1'", "recipes::line", "another name"}));
  body = body_of(line().to_bytes());
  const type_id floats = detail::type_of<std::vector<float>>();
  std::memcpy(body.data() + result_at, &floats, sizeof floats);
  EXPECT_TRUE(fails(errc::wrong_type, [&] { return proxy<std::vector<float>>::from_bytes(sealed(body)); },
                    {"a range of f32 there", "a range of f64 here"}));
}

TEST_F(named, token_cut_or_changed_anywhere_is_refused_or_harmless) {
  store s("named", local::connector());
  const bytes tokens[] = {
      line().to_bytes(),
      proxy<std::string>(factory<std::string>(recipes::text{{"one"}, s.proxy(std::string("end"))}))
          .to_bytes()};
  const auto decode = [](bool first, const bytes& token) {
    if (first) {
      static_cast<void>(proxy<doubles>::from_bytes(token));
    } else {
      static_cast<void>(proxy<std::string>::from_bytes(token));
    }
    return 0;
  };
  for (const bool first : {true, false}) {
    const bytes& good = tokens[first ? 0 : 1];
    for (std::size_t length = 0; length < good.size(); ++length) {
      const bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_THROW(decode(first, cut), error) << length;
      if (length >= 5 && length < good.size() - 4) {
        EXPECT_THROW(decode(first, sealed(cut)), error) << length;
      }
    }
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      bytes flipped = good;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_THROW(decode(first, flipped), error) << bit;
      try {
        decode(first, sealed(body_of(flipped)));
      } catch (const error&) {  // any error is good; the sanitizers watch for what is not
      }
    }
  }
}

// ---- another process: this program again, which is told by its environment what to do

std::string output_of_child(const std::string& token, bool registers) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "FARHOLD_TEST_TOKEN=" + token +
                              " FARHOLD_TEST_REGISTERS=" + (registers ? "1" : "0") + " '" + self +
                              "' --gtest_also_run_disabled_tests --gtest_filter=child.DISABLED_resolves";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string all;
  std::array<char, 256> some;
  while (std::fgets(some.data(), some.size(), pipe) != nullptr) all += some.data();
  return ::pclose(pipe) == 0 ? all : "failed: " + all;
}

TEST(child, DISABLED_resolves) {
  const char* const token = std::getenv("FARHOLD_TEST_TOKEN");
  ASSERT_NE(token, nullptr);
  if (std::getenv("FARHOLD_TEST_REGISTERS") == std::string("1")) register_factory<recipes::line>("line/1");
  try {
    const auto p = proxy<doubles>::from_string(token);
    std::printf("<%g %g %g>\n", p[0], p[1], p[2]);
  } catch (const error& problem) {
    std::printf("<%s: %s>\n", to_string(problem.kind()), problem.what());
  }
}

TEST_F(named, factory_is_called_in_the_process_where_it_arrives) {
  const std::string token = line().to_string();
  EXPECT_NE(output_of_child(token, true).find("<1 1.5 2>"), std::string::npos);
  EXPECT_EQ(recipes::calls, 0) << "not here";
  const std::string refused = output_of_child(token, false);
  EXPECT_NE(refused.find("<unsupported: "), std::string::npos) << refused;
  EXPECT_NE(refused.find("'line/1', which is not registered in this process"), std::string::npos) << refused;
}

}  // namespace
}  // namespace farhold
