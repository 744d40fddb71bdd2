// SPDX-License-Identifier: BSD-3-Clause
// Copyright The farhold authors
//
// Directories: good ones, bad ones, and what is put there and taken away.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <farhold/farhold.hpp>
#include <farhold/file.hpp>

#include "own_folder.hpp"
#include "rma/host.hpp"
#include "support/fails.hpp"
#include "support/scratch.hpp"
#include "uri_path.hpp"

namespace farhold::file {

using farhold::test::scratch;
namespace {

namespace fs = std::filesystem;
using numbers = std::vector<int>;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

TEST(file_open, objects_outlive_the_store_that_put_them) {
  const scratch own;
  key object;
  {
    store s("first", connector({.directory = own.path()}), {.inline_bytes = 0});
    object = s.put(numbers{1, 2, 3});
    s.close();
  }
  store s = store::open("second", "file://" + own.path());
  EXPECT_EQ(s.get<numbers>(object), (numbers{1, 2, 3}));
  EXPECT_EQ(s.metrics().on(path::storage).resolves, 1U);
}

TEST(file_open, a_uri_says_all_that_options_say) {
  const scratch own;
  const std::string odd = own.path() + "/what? 100% #1 \xc3\xa4";
  fs::create_directory(odd);
  const auto first = connector({.directory = odd, .durable = false});
  EXPECT_EQ(first->uri(), "file://" + own.path() + "/what%3f%20100%25%20%231%20%c3%a4?durable=off");
  const auto second = registry::global().open(first->uri());
  EXPECT_EQ(second->uri(), first->uri());
  EXPECT_EQ(connector({.directory = own.path()})->uri(), "file://" + own.path());
  EXPECT_EQ(registry::global().open("file://localhost" + own.path() + "?durable=on")->uri(),
            "file://" + own.path());
  fs::current_path(own.path());
  EXPECT_EQ(connector({.directory = "."})->uri(), "file://" + own.path() + "/");
  fs::current_path("/");
}

TEST(file_open, bad_uris_are_refused) {
  const scratch own;
  const auto refused = [](const std::string& text, std::string_view word) {
    return test::fails(errc::invalid_argument, [&] { return registry::global().open(text); }, {word});
  };
  EXPECT_TRUE(refused("file://" + own.path() + "?duarble=on", "duarble"));
  EXPECT_TRUE(refused("file://" + own.path() + "?durable=yes", "on or off"));
  EXPECT_TRUE(refused("file://scratch/run7", "three slashes"));
  EXPECT_TRUE(refused("file://", "three slashes"));
  EXPECT_TRUE(refused("file:///tmp/%2", "hexadecimal"));
  EXPECT_TRUE(refused("file:///tmp/%zz", "hexadecimal"));
  EXPECT_TRUE(refused("file:///tmp/%00", "zero byte"));
  EXPECT_FAILS(invalid_argument, connector({}));
}

TEST(file_open, what_is_no_directory_is_refused_and_named) {
  const scratch own;
  const std::string missing = own.path() + "/missing", plain = own.path() + "/plain",
                    foreign = own.path() + "/foreign";
  std::ofstream(plain) << "text";
  fs::create_directories(foreign + "/farhold");
  for (const std::string& bad : {missing, plain}) {
    EXPECT_TRUE(test::fails(errc::invalid_argument, [&] { return connector({.directory = bad}); },
                            {"'" + bad + "'", "must be a directory that exists"}));
  }
  EXPECT_TRUE(test::fails(errc::invalid_argument, [&] { return connector({.directory = foreign}); },
                          {"'" + foreign + "'", "no store of this library"}));
  EXPECT_EQ(names_in(foreign + "/farhold"), std::set<std::string>{}) << "what is not ours is left as it is";
  EXPECT_EQ(names_in(own.path()), (std::set<std::string>{"plain", "foreign"}));
}

TEST(file_open, a_store_of_another_version_is_refused) {
  const scratch own;
  static_cast<void>(connector({.directory = own.path()}));
  const std::string file = own.path() + "/farhold/store";
  fs::permissions(file, fs::perms::owner_all);
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(8).put(2);
  EXPECT_TRUE(
      test::fails(errc::unsupported, [&] { return connector({.directory = own.path()}); }, {"version 2"}));
}

TEST(file_open, who_may_not_write_may_read) {
  const scratch own;
  store s("writer", connector({.directory = own.path()}), {.inline_bytes = 0});
  const key object = s.put(numbers{7});
  const std::string fresh = own.path() + "/fresh";
  fs::create_directory(fresh);
  fs::permissions(own.path(), fs::perms(0755));
  for (const char* const name : {"/fresh", "/farhold", "/farhold/writers", "/farhold/objects"}) {
    fs::permissions(own.path() + name, fs::perms(0555));
  }
  for (const auto& folder : fs::directory_iterator(own.path() + "/farhold/objects")) {
    fs::permissions(folder, fs::perms(0555));
  }
  const pid_t child = ::fork();
  if (child == 0) {  // root may write anywhere
    if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(EXIT_FAILURE);
    store other("reader", connector({.directory = own.path()}), {.inline_bytes = 0});
    const bool reads = other.get<numbers>(object) == numbers{7};
    const auto told = [&](auto call) { return test::fails(errc::permission, call, {own.path()}); };
    const auto put = told([&] { return other.put(numbers{8}); });
    const auto evict = told([&] { return other.evict(object), 0; });
    const auto open = told([&] { return connector({.directory = fresh}); });
    std::fprintf(stderr, "%d\n%s\n%s\n%s\n", reads, put.message(), evict.message(), open.message());
    std::fflush(stderr);
    ::_exit(reads && put && evict && open ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int how = 0;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  EXPECT_TRUE(WIFEXITED(how) && WEXITSTATUS(how) == EXIT_SUCCESS);
  for (const auto& entry : fs::recursive_directory_iterator(own.path())) {
    if (entry.is_directory()) fs::permissions(entry, fs::perms::owner_all);
  }
}

TEST(file_open, close_takes_away_only_what_is_its_own) {
  const scratch own;
  std::ofstream(own.path() + "/mine") << "text";
  store other("other", connector({.directory = own.path()}), {.inline_bytes = 0});
  static_cast<void>(other.put(numbers{1}));
  const std::string writers = own.path() + "/farhold/writers";
  const auto of_other = names_in(writers);
  ASSERT_EQ(of_other.size(), 1U);
  {
    store s("mine", connector({.directory = own.path()}), {.inline_bytes = 0});
    static_cast<void>(s.put(numbers{2}));
    EXPECT_EQ(names_in(writers).size(), 2U);
    s.close();
    EXPECT_EQ(names_in(writers), of_other);
  }
  { store reader("reader", connector({.directory = own.path()})); }
  EXPECT_EQ(names_in(writers), of_other);
  EXPECT_EQ(names_in(own.path()), (std::set<std::string>{"farhold", "mine"}));
  static_cast<void>(other.put(numbers{3}));
}

/// What is in the folder of a writer of that name, after somebody opened the store.
bool survives_an_open(const std::string& directory, const std::string& name) {
  const std::string folder = directory + "/farhold/writers/" + name;
  fs::create_directory(folder);
  std::ofstream(folder + "/lock");
  std::ofstream(folder + "/0123") << "half an obj";
  static_cast<void>(connector({.directory = directory}));
  EXPECT_EQ(fs::exists(folder), fs::exists(folder + "/0123"));
  return fs::exists(folder);
}

TEST(file_open, files_of_the_dead_are_removed_and_those_of_the_living_are_not) {
  const scratch own;
  store living("living", connector({.directory = own.path()}), {.inline_bytes = 0});
  static_cast<void>(living.put(numbers{1}));
  const std::string writers = own.path() + "/farhold/writers/";
  const std::string name = *names_in(writers).begin();  // writer-host-boot-random
  std::ofstream(writers + name + "/0123") << "half an obj";
  // By this process and by another one.
  static_cast<void>(connector({.directory = own.path()}));
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(connector({.directory = own.path()}));
    ::_exit(EXIT_SUCCESS);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(names_in(writers + name), (std::set<std::string>{"0123", "lock"}));

  const std::string host = name.substr(7, 16), boot = name.substr(24, 16), other(16, 'a');
  EXPECT_FALSE(survives_an_open(own.path(), "writer-" + host + "-" + boot + "-" + other)) << "unlocked";
  EXPECT_FALSE(survives_an_open(own.path(), "writer-" + other + "-" + boot + "-" + other))
      << "of a container";
  EXPECT_FALSE(survives_an_open(own.path(), "writer-" + host + "-" + other + "-" + other))
      << "before the last boot";
  EXPECT_TRUE(survives_an_open(own.path(), "writer-" + other + "-" + other + "-" + other))
      << "of another host";
  EXPECT_TRUE(survives_an_open(own.path(), "somebody's")) << "no folder of ours";

  fs::create_directory(writers + "writer-" + host + "-" + boot + "-" + std::string(16, 'b'));
  static_cast<void>(connector({.directory = own.path()}));
  EXPECT_FALSE(fs::exists(writers + "writer-" + host + "-" + boot + "-" + std::string(16, 'b')))
      << "died early";
}

TEST(file_open, a_forked_child_takes_nothing_away) {
  const scratch own;
  auto s = std::make_unique<store>("parent", connector({.directory = own.path()}),
                                   store_options{.inline_bytes = 0});
  static_cast<void>(s->put(numbers{1}));
  const pid_t child = ::fork();
  if (child == 0) {
    s.reset();
    ::_exit(EXIT_SUCCESS);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(names_in(own.path() + "/farhold/writers").size(), 1U);
  EXPECT_EQ(s->get<numbers>(s->put(numbers{2})), numbers{2});
  static_cast<void>(connector({.directory = own.path()}));
  EXPECT_EQ(s->get<numbers>(s->put(numbers{3})), numbers{3}) << "the lock is still the parent's";
}

}  // namespace
}  // namespace farhold::file
