// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// What the command says as JSON, from real runs of it.
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <farhold/farhold.hpp>

#include "progress_bar.hpp"

namespace farhold {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

std::string output_of(const std::string& arguments, const std::string& front = "") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(
      ::popen((front + FARHOLD_COMMAND + " " + arguments).c_str(), "r"), &::pclose);
  std::string text;
  std::array<char, 4096> some{};
  while (const std::size_t got = std::fread(some.data(), 1, some.size(), pipe.get()))
    text.append(some.data(), got);
  return text;
}

json stores_of(const json& info, const std::string& uri) {
  for (const json& store : info.at("stores")) {
    if (store.at("uri") == uri) return store;
  }
  return {};
}

TEST(command_json, info_tells_what_was_tried) {
  const json info = json::parse(output_of("info --json"));
  EXPECT_EQ(info.at("version"), FARHOLD_VERSION);
  std::vector<std::string> names;
  for (const json& transport : info.at("transports")) names.push_back(transport.at("name"));
  EXPECT_THAT(names, IsSupersetOf({"shm", "local", "file", "mpi"}));

  const json shm = stores_of(info, "shm://");
  EXPECT_EQ(shm.at("outcome"), "ok");
  EXPECT_EQ(shm.at("objects"), "mapped");
  EXPECT_THAT(shm.at("lent").get<std::string>(), AnyOf("cma", "service")) << "as ptrace rules have it";
  EXPECT_EQ(stores_of(info, "local://").at("tried"), false);
  EXPECT_FALSE(shm.contains("fabric")) << "there is nothing to choose";

  for (const char* key : {"kernel", "memory_available_bytes", "open_files", "ptrace_scope", "hypervisor"})
    EXPECT_TRUE(info.at("host").contains(key)) << key;
  for (const json& problem : info.at("problems"))
    EXPECT_THAT(problem.at("cure").get<std::string>(), Not(IsEmpty()));
}

TEST(command_json, info_tells_of_a_store_that_does_not_work) {
  const json info = json::parse(output_of("info --json --store file:///nowhere/at/all"));
  const json store = stores_of(info, "file:///nowhere/at/all");
  EXPECT_NE(store.at("outcome"), "ok");
  ASSERT_EQ(info.at("problems").size() >= 1, true);
  EXPECT_THAT(info.at("problems").at(0).at("what").get<std::string>(), HasSubstr("/nowhere/at/all"));
}

TEST(command_json, info_tells_what_ucx_will_use) {
  const json store = stores_of(json::parse(output_of("info --json")), "ucx://");
  if (store.is_null()) GTEST_SKIP() << "this build has no ucx";
  const json& fabric = store.at("fabric");
  EXPECT_THAT(fabric.at("messages").at("names"), Contains(HasSubstr("tcp/")));
  EXPECT_THAT(fabric.at("reads").at("text").get<std::string>(), HasSubstr("other hosts"));
  EXPECT_EQ(fabric.at("address").at("names").size(), 1U);
}

TEST(command_json, info_tells_what_keeps_ucx_from_other_hosts) {
  const std::string found = output_of("info --json");
  if (stores_of(json::parse(found), "ucx://").is_null()) GTEST_SKIP() << "this build has no ucx";
  const std::string settings = "env FARHOLD_SECRET=correct-horse-battery-staple UCX_NET_DEVICES=lo ";
  const json info = json::parse(output_of("info --json", settings));
  std::vector<std::string> problems;
  for (const json& problem : info.at("problems")) problems.push_back(problem.at("what"));
  EXPECT_THAT(problems, Contains(HasSubstr("no network that leads to other hosts")));
}

TEST(command_json, info_sees_when_producers_send_every_byte) {
  const json info = json::parse(output_of("info --json --store 'shm://?same_host=off'"));
  EXPECT_EQ(stores_of(info, "shm://?same_host=off").at("lent_in_place"), true);
}

TEST(command_json, inspect_tells_what_a_token_names) {
  store s = store::open("named \"so\"", "shm://", {.inline_bytes = 0});
  const auto p = s.proxy(std::vector<double>(1000));
  const json token = json::parse(output_of("inspect --json " + p.to_string()));
  EXPECT_EQ(token.at("kind"), "object");
  EXPECT_EQ(token.at("type"), "a range of f64");
  EXPECT_EQ(token.at("size_bytes"), 8000);
  EXPECT_EQ(token.at("store"), "named \"so\"");
  EXPECT_EQ(token.at("key"), p.key().to_string());
  EXPECT_EQ(token.at("inlined"), false);
  EXPECT_THAT(token.at("uri").get<std::string>(), testing::StartsWith("shm://"));
}

TEST(progress_bar, line) {
  using tools::progress_bar;
  EXPECT_EQ(progress_bar::line("f", 0, 100, 0s), "  0 %  [--------------------]  0 B of 100 B  f");
  EXPECT_EQ(progress_bar::line("f", 512, 1024, 1s),
            " 50 %  [##########----------]  512 B of 1.0 KiB, 512 B/s, 1 s left  f");
  EXPECT_EQ(progress_bar::line("f", 1024, 1024, 2s),
            "100 %  [####################]  1.0 KiB of 1.0 KiB, 512 B/s, 0 s left  f");
  EXPECT_THAT(progress_bar::line("f", 9999, 10000, 1s), HasSubstr(" 99 %")) << "not all is not 100 %";
}

}  // namespace
}  // namespace farhold
