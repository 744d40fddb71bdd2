// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <farhold/farhold.hpp>

#include "support/decorators.hpp"
#include "support/fails.hpp"

// nlohmann::json, a class that converts from and to nearly everything. It has no serialize; this is what a
// user writes.

template <>
struct farhold::serializer<nlohmann::json> {
  static std::uint64_t size_bytes(const nlohmann::json& j) { return nlohmann::json::to_cbor(j).size(); }
  static void write(const nlohmann::json& j, byte_span out) {
    const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(j);
    std::memcpy(out.data(), bytes.data(), out.size());
  }
  static nlohmann::json read(byte_view in) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(in.data());
    auto made = nlohmann::json::from_cbor(bytes, bytes + in.size(), true, false);
    if (made.is_discarded()) throw error(errc::corrupt, "no CBOR");
    return made;
  }
};

namespace {  // somebody's code

using nlohmann::json;

int steps(const json& parameters) { return parameters.value("steps", 1); }
std::string title(json parameters) { return parameters.at("title"); }

}  // namespace

namespace farhold {
namespace {

struct interop_json : testing::Test {
  std::shared_ptr<test::watch> watch = std::make_shared<test::watch>();
  store s{"json", test::watched(watch), {.inline_bytes = 0}};
  const proxy<json> made = s.proxy(json{{"title", "run 7"}, {"steps", 40}, {"grid", {64, 32}}});
  const proxy<json> p = proxy<json>::from_string(made.to_string());
};

TEST_F(interop_json, goes_to_functions_of_documents) {
  EXPECT_EQ(steps(p), 40);
  EXPECT_EQ(title(p), "run 7");
  EXPECT_EQ(watch->gets, 1);
}

TEST_F(interop_json, is_looked_into) {
  EXPECT_EQ(p["steps"], 40);
  EXPECT_EQ(p->at("grid")[1], 32);
  EXPECT_EQ(p->at("/grid/0"_json_pointer), 64);
  EXPECT_EQ(p.size(), 3U);
  EXPECT_TRUE(p->contains("title"));
  EXPECT_EQ(p->value("missing", 5), 5);
  EXPECT_EQ(p->dump(), made->dump());
  EXPECT_TRUE(p == made && p == *made && *made == p && p != json());
  int entries = 0;
  for (const json& entry : p) entries += entry.is_null() ? 0 : 1;
  EXPECT_EQ(entries, 3);
  for (const auto& [name, value] : p->items()) EXPECT_EQ((*made)[name], value);
}

TEST_F(interop_json, a_copy_is_changed_and_the_target_is_not) {
  json mine = p;
  EXPECT_EQ(mine, *p) << "a copy, and no array around it";
  mine["steps"] = 1;
  EXPECT_EQ(p["steps"], 40);
  json outer;
  outer["parameters"] = *p;
  EXPECT_EQ(outer["parameters"]["title"], "run 7");
}

TEST_F(interop_json, its_constructor_of_anything_takes_the_proxy_as_a_range) {
  EXPECT_EQ(json(p).dump(), R"([[64,32],40,"run 7"])");
  EXPECT_EQ(json(*p), *p);
}

TEST_F(interop_json, documents_take_targets) {
  const auto row = s.proxy(std::vector<double>{1, 2});
  const auto name = s.proxy(std::string("wing"));
  const auto count = s.proxy(3);
  const json j = {{"row", *row}, {"name", *name}, {"count", *count}};
  EXPECT_EQ(j.dump(), R"({"count":3,"name":"wing","row":[1.0,2.0]})");
}

TEST_F(interop_json, bad_bytes_are_corrupt) {
  const std::vector<std::byte> bytes(3, std::byte{0xff});
  EXPECT_TRUE(test::fails(errc::corrupt, [&] { return serializer<json>::read(bytes); }));
}

}  // namespace
}  // namespace farhold
